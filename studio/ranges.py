"""The part of a file that a request asks for: how a download of many gigabytes goes on where it broke off."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


@dataclass(frozen=True)
class Part:
    """Bytes `first` to `last`, both included, of `of`."""

    first: int
    last: int
    of: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.last}/{self.of}"


class Unsatisfiable(Exception):
    """The file has no byte of the range."""


def part_of(size: int, *, asked: str, if_range: str, etag: str) -> Part | None:
    """What a Range header asks for, or None for the whole file.

    The whole file is the answer to no header, to several ranges, to one that cannot be read, and where
    If-Range names another text than `etag` (with its quotes): going on with another file would spoil both.

    Raises:
        Unsatisfiable: answer 416.

    Source: RFC 9110, sections 13.1.5 and 14.
    """
    found = _ONE_RANGE.fullmatch(asked.strip())
    if not found or (if_range and if_range.strip() != etag):
        return None
    first, last = found.groups()
    if first:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < begin:
            return None  # it means nothing
    elif last:
        begin, end = max(size - int(last), 0), size - 1  # the last so many bytes
    else:
        return None
    if begin >= size or end < begin:
        raise Unsatisfiable
    return Part(begin, end, size)
