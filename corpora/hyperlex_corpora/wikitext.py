"""Plain text of wiki markup, by a small clean-up that is stated here and nowhere complete.

Kept: paragraphs, headings and list items, one a line; the shown part of links; quotations and
poems. Dropped: templates (but for those in `SHOWN`, of which one argument is text), tables, files,
categories, notes, formulas, galleries, comments, tags, and the sections of `APPARATUS`. A template
that writes a word of the sentence leaves a gap there: measuring survives that, reading may stumble.

One pass over the brackets with a stack, so the time grows with the length and broken markup is no
error: a bracket without its partner is dropped.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

SHOWN = {
    "lang": 1,
    "nobr": 0,
    "nobreak": 0,
    "nowrap": 0,
    "s": 0,
    "comment": 0,
    "abbr": 0,
    "не переведено": 0,
    "нп": 0,
    "нп5": 0,
    "кавычки": 0,
    "цитата": 0,
    "начало цитаты": 0,
    "quote": 0,
    "разрядка": 0,
    "razr": 0,
    "razr2": 0,
    "sc": 0,
    "fs": 1,
    "bss": 0,
    "right": 0,
    "эпиграф": 0,
    "эпиграф2": 0,
    "poem-section": 0,
    "poem": 1,
    "poemx": 1,
    "poemx1": 1,
    "стихотворение": 1,
    "f1": -1,
}
"""Templates that show one of their arguments: which one, counted from 0, or -1 for the last.
`lang-en` and its kin show the first one. The lower half is of Wikisource, where `f1` may hold a
whole text."""

SPELLED = {"ударение": "\u0301", "'": "\u0301", "nbsp": "\xa0", "--": " —", "тире": " —", "!": "|"}
"""Templates that stand for a character."""

APPARATUS = {
    "примечания",
    "комментарии",
    "литература",
    "ссылки",
    "источники",
    "см. также",
    "галерея",
    "библиография",
}
"""Headings, in lower case, whose sections hold no sentences."""

_NO_PROSE = (
    "ref|references|math|chem|ce|gallery|timeline|syntaxhighlight|source|score|graph|imagemap|"
    "templatedata|hiero|mapframe|maplink|pages|section|templatestyles"
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LITERAL = re.compile(r"<nowiki>(.*?)</nowiki>", re.DOTALL | re.IGNORECASE)
_ELEMENT = re.compile(rf"<(/?)(?:{_NO_PROSE})\b[^<>]*?(/?)>", re.IGNORECASE)
_BRACKET = re.compile(r"\{\{|\}\}|\[\[|\]\]|^[ :]*\{\||^[ \t]*\|\}(?!\})", re.MULTILINE)
_EXTERNAL = re.compile(r"\[(?:(?:https?|ftp):)?//[^\s\[\]]+ *([^\[\]\n]*)\]")
_EMPHASIS = re.compile(r"'{2,5}")
_BREAK = re.compile(r"<(?:br|hr)\b[^<>]*>|</?(?:p|div|blockquote|poem|center)\b[^<>]*>", re.I)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_SWITCH = re.compile(r"__[A-ZА-ЯЁ]+__")
_HEADING = re.compile(r"(={1,6})\s*(.+?)\s*\1\s*")
_ITEM = re.compile(r"[*#:;]+\s*")
_EMPTY_PARENTHESES = re.compile(r" ?\((?:[\s,;—-]|\xa0)*\)")
_SPACES = re.compile(r"[ \t]{2,}")
_NUMBERED = re.compile(r"\s*\d+\s*=")
_NAMED = re.compile(r"\s*[^\W\d][\w -]*=")
_OPENING = {"}}": "{{", "]]": "[[", "|}": "{|"}
_DEEPEST = 64  # brackets within brackets; a page beyond is not prose
_FILES = {"файл", "file", "изображение", "image", "категория", "category", "медиа", "media"}


class _Frame(NamedTuple):
    bracket: str
    pieces: list[str]


def plain_text(markup: str) -> str:
    """The text that a page shows, without a line end at its end; "" for one without prose."""
    markup = _LITERAL.sub(_protected, _COMMENT.sub("", markup))
    text = _without_brackets(_without_elements(markup))
    text = _EXTERNAL.sub(r"\1", text)
    text = _BREAK.sub("\n", text)
    text = _SWITCH.sub("", _TAG.sub("", _EMPHASIS.sub("", text)))
    lines = (_SPACES.sub(" ", line).strip() for line in _prose(text.splitlines()))
    joined = _EMPTY_PARENTHESES.sub("", html.unescape("\n".join(lines)))
    return re.sub(r"\n{3,}", "\n\n", joined).strip()


def _protected(literal: re.Match[str]) -> str:
    return "".join(
        char if char.isalnum() or char.isspace() else f"&#{ord(char)};" for char in literal[1]
    )


def _without_elements(markup: str) -> str:
    """Drop what stands between tags whose content is no prose."""
    kept: list[str] = []
    depth = 0
    start = 0
    for tag in _ELEMENT.finditer(markup):
        if depth == 0:
            kept.append(markup[start : tag.start()])
        if tag[1]:
            depth = max(0, depth - 1)
        elif not tag[2]:
            depth += 1
        start = tag.end()
    # What is never closed was no element: better a stray note than a lost article.
    kept.append(markup[start:])
    return "".join(kept)


def _without_brackets(markup: str) -> str:
    """Resolve links, templates and tables, the innermost first."""
    stack = [_Frame("", [])]
    start = 0
    for found in _BRACKET.finditer(markup):
        stack[-1].pieces.append(markup[start : found.start()])
        start = found.end()
        bracket = found[0].strip(" :\n\t")
        if bracket not in _OPENING:
            if len(stack) < _DEEPEST:
                stack.append(_Frame(bracket, []))
        elif any(frame.bracket == _OPENING[bracket] for frame in stack):
            while True:
                closed = stack.pop()
                matches = closed.bracket == _OPENING[bracket]
                inner = "".join(closed.pieces)
                stack[-1].pieces.append(_shown(closed.bracket, inner) if matches else inner)
                if matches:
                    break
    stack[-1].pieces.append(markup[start:])
    return "".join(piece for frame in stack for piece in frame.pieces)


def _shown(bracket: str, inner: str) -> str:
    if bracket == "[[":
        return _link(inner)
    return _template(inner) if bracket == "{{" else ""


def _link(inner: str) -> str:
    target, _, label = inner.partition("|")
    # [[:Файл:…]] is a link to the page of a file, and is shown as any other.
    prefix = target.partition(":")[0].strip().lower()
    if prefix in _FILES:
        return ""
    return label.rpartition("|")[2] or target.strip().removeprefix(":")


def _template(inner: str) -> str:
    name, *arguments = inner.split("|")
    name = name.strip().lower().replace("_", " ")
    if name in SPELLED:
        return SPELLED[name]
    index = 0 if name.startswith("lang-") else SHOWN.get(name)
    texts = [_NUMBERED.sub("", text, count=1) for text in arguments if not _NAMED.match(text)]
    if index is None or not -len(texts) <= index < len(texts):
        return ""
    text = texts[index]
    return f"«{text}»" if name == "кавычки" else text


def _prose(lines: list[str]) -> list[str]:
    """Lines without the marks of headings and lists, and without the apparatus."""
    kept = []
    dropped_level = 0
    for line in lines:
        heading = _HEADING.fullmatch(line.strip())
        if heading:
            level = len(heading[1])
            if not dropped_level or level <= dropped_level:
                dropped_level = level if heading[2].lower() in APPARATUS else 0
            line = heading[2]
        if not dropped_level:
            shown = _ITEM.sub("", line, count=1) if line[:1] in "*#:;" else line
            kept += ["", shown, ""] if heading else [shown]
    return kept
