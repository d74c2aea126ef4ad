"""`examples.md`: what each model made of the same prompts, one below the other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hyperlex.recipes.evaluate.report import Example
from hyperlex.visible import visible


def render(examples: Sequence[Example], title: str = "Examples") -> str:
    """The examples as Markdown; every text stands to the letter in a block of code."""
    lines = [f"# {visible(title)}", ""]
    for number, example in enumerate(examples, 1):
        lines += [f"## {number}", "", *_block(example.prompt)]
        if example.expected is not None:
            lines += ["**expected**", "", *_block(example.expected)]
        for name, answer in example.answers.items():
            lines += [f"**{visible(name)}**", "", *_block(answer)]
    return "\n".join(lines).rstrip() + "\n"


def _block(text: str) -> list[str]:
    """`text` between fences that are longer than any run of backticks in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", text, fence, ""]
