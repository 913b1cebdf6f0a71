"""What every checker answers, whichever program stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from curation.domain.bbj import Finding

Outcome = Literal["compiled", "compile_error", "compile_timeout", "infrastructure"]


@dataclass(frozen=True)
class Verdict:
    """What a checker said about one source.

    Attributes:
        outcome: "infrastructure" means that nothing was judged: never count it as a failure of the source.
        output: Raw compiler text about this source, or the offline findings, one a line. Text, never HTML.
        duration_s: Wall-clock seconds; of a batch, its share.
        findings: The same as data. bbjcpl knows no columns: its findings have column 1. Only the first error
            of a compiler is kept, since the others are mostly its echoes. Those that are not certain are
            told and never decide the outcome.
    """

    outcome: Outcome
    output: str
    duration_s: float
    findings: tuple[Finding, ...] = ()


class Checker(Protocol):
    """Says of BBj sources whether they are accepted."""

    @property
    def name(self) -> str:
        """Such as "bbjcpl" or "offline check". Figures of two names are never mixed."""
        ...

    def build(self) -> str:
        """Which build answers, in at most 120 characters. Two builds are not compared with each other."""
        ...

    def check_many(self, sources: Sequence[str]) -> list[Verdict]:
        """One verdict per source, in their order. Never raises because of a source or a missing compiler."""
        ...
