"""Single fields of a front matter block, read with their places and changed in place.

A YAML library that loads and dumps would lose comments, order and quotes. So the places of the values come
from PyYAML's nodes, and only the characters of a changed value are replaced. What is written is read back
first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from curation.domain.front_matter import LOADER
from curation.domain.schema import field_kinds

Value = str | tuple[str, ...]

_SEVERAL_LINES = ("description",)  # the other fields are one line on a page
_NOT_IN_QUOTES = re.compile(
    "[^ !#-\\[\\]-~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]"
)
_DASH = re.compile(r" *- +")


class NotPlain(ValueError):
    """The block is written in a way that a form cannot hold; the message says what and where."""


@dataclass(frozen=True)
class _Entry:
    """A field of the block. `value` is "" for an empty one; offsets count in the block."""

    name: str
    value: Value
    start: int  # of the line with the name
    colon: int  # behind the colon
    node: Node


def read_fields(block: str) -> dict[str, Value]:
    """The fields of the schema that hold something, each as text or as a tuple of texts; blanks at their ends
    do not count.

    Args:
        block: The lines between the fences, each with its line end, as front_matter.read accepted them.

    Raises:
        NotPlain: a value is no text, or the block is not one field a line.
    """
    return {entry.name: entry.value for entry in _entries(block) if entry.value}


def field_spans(block: str) -> dict[str, tuple[int, int]]:
    """First and last line of each field in the block, counted from 0.

    Raises:
        NotPlain: as `read_fields`.
    """
    return {
        entry.name: (block.count("\n", 0, entry.start), block.count("\n", 0, _end(entry.node, block)))
        for entry in _entries(block)
    }


def with_fields(block: str, wanted: Mapping[str, Value]) -> str:
    """The block with these values. Unchanged ones keep every character, and a field that is not wanted goes.

    New fields come behind those that stand before them in the schema.
    """
    entries = {entry.name: entry for entry in _entries(block)}
    edits: list[tuple[int, int, str]] = []
    for name in field_kinds():
        value, entry = wanted.get(name, ""), entries.get(name)
        if value == (entry.value if entry else ""):
            continue
        if entry is None:
            at = _place_for(name, entries, block)
            edits.append((at, at, f"{name}: {_written(value, name)}\n"))
        elif value:
            edits.append(_replaced(entry, value, block))
        else:
            edits.append((entry.start, _line_end(_end(entry.node, block), block), ""))
    made, done = "", 0
    for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
        made += block[done:start] + text
        done = end
    return made + block[done:]


def _entries(block: str) -> Iterator[_Entry]:
    root = yaml.compose(block, Loader=LOADER)
    if root is None:
        return
    if not isinstance(root, MappingNode) or root.flow_style:
        raise NotPlain("The front matter is not written with one field a line.")
    for key, node in root.value:
        if key.start_mark.column:
            raise NotPlain(f'The field "{key.value}" does not begin its line.')
        if key.value in field_kinds():
            colon = block.index(":", key.end_mark.index) + 1
            yield _Entry(key.value, _value(key.value, node), key.start_mark.index, colon, node)


def _value(name: str, node: Node) -> Value:
    kind = field_kinds()[name]
    if isinstance(node, SequenceNode) and kind in ("words", "list"):
        items = tuple(_text(name, item) for item in node.value)
        return tuple(item for item in items if item) or ""
    if isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null":
        return ""
    if kind == "list":
        raise NotPlain(f"{name} is not a list. Write {name}: [one, two].")
    text = _text(name, node)
    return (text,) if kind == "words" and text else text


def _text(name: str, node: Node) -> str:
    if not isinstance(node, ScalarNode) or node.tag != "tag:yaml.org,2002:str":
        raise NotPlain(f"{name} is not text to YAML. Put it in quotes.")
    text: str = node.value.strip()
    if "\n" in text and name not in _SEVERAL_LINES:
        raise NotPlain(f"{name} has several lines.")
    return text


def _end(node: Node, block: str) -> int:
    """Where a value ends. PyYAML lets a block reach up to the next field, over blank lines and comments."""
    if isinstance(node, SequenceNode) and not node.flow_style:
        return _end(node.value[-1], block)
    start: int = node.start_mark.index
    return start + len(block[start : node.end_mark.index].rstrip())


def _line_end(at: int, block: str) -> int:
    """Behind the end of the line."""
    return block.index("\n", at) + 1


def _place_for(name: str, entries: Mapping[str, _Entry], block: str) -> int:
    order = list(field_kinds())
    for before in reversed(order[: order.index(name)]):
        if entry := entries.get(before):
            return _line_end(_end(entry.node, block), block)
    return min((entry.start for entry in entries.values()), default=0)


def _replaced(entry: _Entry, value: Value, block: str) -> tuple[int, int, str]:
    """(start, end, text): how the entry's value becomes another one, in the style it is written in."""
    node, end = entry.node, _end(entry.node, block)
    if isinstance(node, SequenceNode) and not node.flow_style:
        if isinstance(value, tuple) and (first := _first_dash(node, block)) is not None:
            return first, _line_end(end, block), _dashed(node, value, block)
        return entry.colon, end, f" {_written(value, entry.name)}"
    style = node.style if isinstance(node, ScalarNode) else ""
    if isinstance(node, SequenceNode) and node.value:
        style = '"' if all(item.style == '"' for item in node.value) else ""
        if isinstance(value, tuple):
            return node.start_mark.index, end, _flow(value, style)
    written = _written(value, entry.name, style)
    if isinstance(value, str) and "\n" in written and block[end : _line_end(end, block)].strip():
        written = _quoted(value)  # a comment stands behind it in the line, and a block would take it in
    gap = " " if node.start_mark.index == entry.colon else ""  # an empty value: the colon is all there is
    return node.start_mark.index, end, gap + written


def _first_dash(node: SequenceNode, block: str) -> int | None:
    """Where the first line of a list with dashes begins; None when an item is not written "- word"."""
    starts = [_line_start(item, block) for item in node.value]
    plain = all(
        _DASH.fullmatch(block[start : item.start_mark.index])
        for start, item in zip(starts, node.value, strict=True)
    )
    return starts[0] if plain else None


def _line_start(node: Node, block: str) -> int:
    return block.rfind("\n", 0, node.start_mark.index) + 1


def _dashed(node: SequenceNode, value: Sequence[str], block: str) -> str:
    """A list with dashes: kept items keep their lines, and the comments below them."""
    starts = [_line_start(item, block) for item in node.value]
    ends = [*starts[1:], _line_end(_end(node, block), block)]
    lines = [(_text("", item), block[a:b]) for item, a, b in zip(node.value, starts, ends, strict=True)]
    dash = block[starts[0] : node.value[0].start_mark.index]
    written = []
    for word in value:
        kept = next((n for n, (text, _) in enumerate(lines) if text == word), None)
        written.append(f"{dash}{_scalar(word)}\n" if kept is None else lines.pop(kept)[1])
    return "".join(written)


def _written(value: Value, name: str, style: str = "") -> str:
    if isinstance(value, str):
        return _scalar(value, style)
    if field_kinds()[name] == "words" and len(value) == 1:
        return _scalar(value[0], style)
    return _flow(value, style)


def _flow(value: Sequence[str], style: str = "") -> str:
    items = (item if style != '"' and _reads_as(f"[{item}]", [item]) else _quoted(item) for item in value)
    return f"[{', '.join(items)}]"


def _scalar(text: str, style: str = "") -> str:
    """Text as YAML: in the style that was there, else plain where that reads back as the same text."""
    if style == "'" and _reads_as(single := "'" + text.replace("'", "''") + "'", text):
        return single
    lines = "".join(f"\n  {line}" if line else "\n" for line in text.split("\n"))
    if "\n" in text and _reads_as(literal := f"|-{lines}", text):
        return literal
    if style != '"' and "\n" not in text and _reads_as(text, text):
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    """In double quotes, with escapes for what YAML does not take as it is."""

    def escaped(found: re.Match[str]) -> str:
        sign = found.group()
        return {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}.get(sign) or f"\\u{ord(sign):04x}"

    return f'"{_NOT_IN_QUOTES.sub(escaped, text)}"'


def _reads_as(written: str, value: str | list[str]) -> bool:
    try:
        return bool(yaml.load(f"x: {written}\n", Loader=LOADER) == {"x": value})
    except (yaml.YAMLError, ValueError, OverflowError):
        return False
