"""Chooses the checker: real bbjcpl where STUDIO_BBJCPL names one, else the bundled offline check."""

from __future__ import annotations

from django.conf import settings

from training.adapters.bbjcpl import Bbjcpl
from training.adapters.offline_check import OfflineCheck
from training.adapters.verdict import Checker, Verdict

__all__ = ["CONTROL_BAD", "CONTROL_GOOD", "Checker", "Verdict", "choose", "control_pair"]

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


def control_pair(checker: Checker) -> list[str]:
    """Ask about a known good and a known bad file. Any sentence in the answer means: do not evaluate with it."""
    good, bad = checker.check_many([CONTROL_GOOD, CONTROL_BAD])
    problems = []
    for verdict, wanted, kind in ((good, "compiled", "good"), (bad, "compile_error", "bad")):
        if verdict.outcome != wanted:
            said = verdict.output.strip().partition("\n")[0][:300] or "nothing"
            problems.append(
                f"{checker.name} answered {verdict.outcome} for the known {kind} control file, not {wanted}. "
                f"It said: {said}"
            )
    return problems
