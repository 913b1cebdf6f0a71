"""The bundled check behind the checker's protocol: runs in this process, needs no BBj."""

from __future__ import annotations

import time
from collections.abc import Sequence

from curation.domain.bbj import CHECK_VERSION, check
from training.adapters.verdict import Verdict


class OfflineCheck:
    """Refuses what is certainly broken. Hints (certain=False) are told, and never count."""

    name = "offline check"

    def build(self) -> str:
        return CHECK_VERSION

    def check_many(self, sources: Sequence[str]) -> list[Verdict]:
        return [_verdict(source) for source in sources]


def _verdict(source: str) -> Verdict:
    started = time.perf_counter()
    findings = tuple(check(source))
    output = "\n".join(
        f"line {f.line}, column {f.column}: {f.message} [{f.code}{'' if f.certain else ', a hint'}]"
        for f in findings
    )
    refused = any(finding.certain for finding in findings)
    return Verdict(
        "compile_error" if refused else "compiled", output, time.perf_counter() - started, findings
    )
