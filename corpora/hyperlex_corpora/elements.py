"""Elements of a long XML file, one in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse


def elements(file: IO[bytes], tag: str, name: str) -> Iterator[Element]:
    """Each `tag` that is the root or a child of it, whole, in the order of the file.

    Tags are without the namespace, in the elements as well: exports change theirs with each
    version of the schema.

    Raises:
        ValueError: broken XML, with its line.
    """
    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(file, events=("start", "end")):
            if event == "start":
                element.tag = element.tag.rpartition("}")[2]
                root = element if root is None else root
                depth += 1
                continue
            depth -= 1
            if element.tag == tag and depth <= 1:
                yield element
            if depth == 1 and root is not None and root.tag != tag:
                root.clear()
    except ParseError as error:
        raise ValueError(
            f"{name}, line {error.position[0]}, is no XML ({error}). If the file ends there, fetch "
            "it again."
        ) from error
