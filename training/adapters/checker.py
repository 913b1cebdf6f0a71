"""Chooses the checker: real bbjcpl where STUDIO_BBJCPL names one, else the bundled offline check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from training.adapters.bbjcpl import SYNTAX, TYPE_CHECK, Bbjcpl
from training.adapters.mcp_check import McpCheck
from training.adapters.offline_check import OfflineCheck
from training.adapters.verdict import Checker, Verdict

__all__ = [
    "CONTROL_BAD",
    "CONTROL_GOOD",
    "NAMES",
    "Checker",
    "ControlPair",
    "Verdict",
    "choose",
    "control_pair",
    "settings_of",
]

NAMES = ("bbjcpl", "offline", "mcp")
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


def choose(name: str = "", *, type_check: bool = False) -> Checker:
    """The checker of that name, or the configured one.

    Args:
        name: One of NAMES, or "" (bbjcpl when STUDIO_BBJCPL is set, else offline).
        type_check: The compiler's stricter figure, which also asks whether declared types have what is used.

    Raises:
        ValueError: Another name, or a type check by a checker that knows no types.
    """
    if name not in ("", *NAMES):
        raise ValueError(f'"{name}" is no compiler. Choose {", ".join(NAMES[:-1])} or {NAMES[-1]}.')
    name = name or ("bbjcpl" if settings.STUDIO_BBJCPL else "offline")
    if type_check and name != "bbjcpl":
        raise ValueError(f"Only bbjcpl checks types, not {name}. Set STUDIO_BBJCPL and choose bbjcpl.")
    if name == "bbjcpl":
        return Bbjcpl(
            settings.STUDIO_BBJCPL,
            flags=TYPE_CHECK if type_check else SYNTAX,
            prefixes=settings.STUDIO_BBJCPL_PREFIX,
            timeout_s=settings.STUDIO_BBJCPL_TIMEOUT_S,
            sandboxed=settings.STUDIO_SANDBOX,
        )
    if name == "mcp":
        return McpCheck(settings.STUDIO_BBJ_MCP_URL, timeout_s=settings.STUDIO_BBJCPL_TIMEOUT_S)
    return OfflineCheck()


def settings_of(checker: Checker) -> dict[str, Any]:
    """What else decides a verdict: two scores are compared only when these are equal."""
    if isinstance(checker, Bbjcpl):
        return {
            "flags": list(checker.flags),
            "prefixes": list(checker.prefixes),
            "sandboxed": checker.sandboxed,
            "timeout_s": checker.timeout_s,
        }
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
        if self.good.outcome == "infrastructure":
            return [f"{self.checker} judges nothing. {_first_line(self.good)}"]
        return [
            f"{self.checker} answered {verdict.outcome} for the known {kind} control file, not {wanted}. "
            f"It said: {_first_line(verdict)}"
            for verdict, wanted, kind in ((self.good, "compiled", "good"), (self.bad, "compile_error", "bad"))
            if verdict.outcome != wanted
        ]

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def message(self) -> str:
        return " ".join(self.problems)


def _first_line(verdict: Verdict) -> str:
    return verdict.output.strip().partition("\n")[0][:300] or "nothing"


def control_pair(checker: Checker) -> ControlPair:
    """Ask about both control files; done before every evaluation and by `check_bbj`."""
    good, bad = checker.check_many([CONTROL_GOOD, CONTROL_BAD])
    return ControlPair(checker.name, good, bad)
