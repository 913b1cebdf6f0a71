"""Chooses the checker: real bbjcpl where STUDIO_BBJCPL names one, else the bundled offline check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from training.adapters.bbjcpl import Bbjcpl
from training.adapters.offline_check import OfflineCheck
from training.adapters.verdict import Checker, Verdict

__all__ = [
    "CONTROL_BAD",
    "CONTROL_GOOD",
    "Checker",
    "ControlPair",
    "Verdict",
    "choose",
    "control_pair",
    "settings_of",
]

CONTROL_GOOD = """\
rem control: every checker must accept this
total = 0
for i = 1 to 3
    total = total + i
next i
if total = 6 then print "six" else print "not six"
gosub finish
end
finish:
    print "done"
return
"""
CONTROL_BAD = """\
rem control: every checker must refuse this
print "this string is never closed
end
"""


def choose(name: str = "") -> Checker:
    """The checker of that name, or the configured one.

    Args:
        name: "bbjcpl", "offline" or "" (bbjcpl when STUDIO_BBJCPL is set, else offline).

    Raises:
        ValueError: Another name.
    """
    if name not in ("", "bbjcpl", "offline"):
        raise ValueError(f'"{name}" is no compiler. Choose bbjcpl or offline.')
    if name == "bbjcpl" or (not name and settings.STUDIO_BBJCPL):
        return Bbjcpl(settings.STUDIO_BBJCPL, timeout_s=settings.STUDIO_BBJCPL_TIMEOUT_S)
    return OfflineCheck()


def settings_of(checker: Checker) -> dict[str, Any]:
    """What else decides a verdict: two scores are compared only when these are equal."""
    if isinstance(checker, Bbjcpl):
        return {"flags": list(checker.flags), "timeout_s": checker.timeout_s}
    return {}


@dataclass(frozen=True)
class ControlPair:
    """What a checker says about a file known good and a file known bad."""

    checker: str
    good: Verdict
    bad: Verdict

    @property
    def problems(self) -> list[str]:
        """A sentence for each wrong answer. Any at all means: evaluate nothing with this checker."""
        return [
            f"{self.checker} answered {verdict.outcome} for the known {kind} control file, not {wanted}. "
            f"It said: {verdict.output.strip().partition(chr(10))[0][:300] or 'nothing'}"
            for verdict, wanted, kind in ((self.good, "compiled", "good"), (self.bad, "compile_error", "bad"))
            if verdict.outcome != wanted
        ]

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def message(self) -> str:
        return " ".join(self.problems)


def control_pair(checker: Checker) -> ControlPair:
    """Ask about both control files; done before every evaluation."""
    good, bad = checker.check_many([CONTROL_GOOD, CONTROL_BAD])
    return ControlPair(checker.name, good, bad)
