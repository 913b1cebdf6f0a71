"""What a selection has to pass before it is frozen: gates that block, and warnings that may be waived.

A finding is a sentence that says what to do; the offenders name who is in the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from curation.domain import blend, strata
from curation.domain.bbj import CHECK_VERSION
from curation.services.leaks import Close, LeakReport

MAX_OFFENDERS = 200  # named in a report; the count is always the whole
MAX_REASON = 500  # characters
ANY = "*"  # waives whatever warning there is


class WaiverRefused(Exception):
    """A warning is open, or what was waived cannot be; the message says what to do."""


@dataclass(frozen=True)
class Waiver:
    """A maintainer's word that a version is frozen in spite of a warning."""

    reason: str
    by: str
    at: datetime

    def as_dict(self) -> dict[str, str]:
        return {"reason": self.reason, "by": self.by, "at": self.at.isoformat(timespec="seconds")}


@dataclass(frozen=True)
class Gate:
    code: str
    title: str
    passed: bool
    blocking: bool
    finding: str
    offenders: tuple[str, ...] = ()
    waiver: Waiver | None = None

    @property
    def is_open(self) -> bool:
        """A warning that nobody has waived."""
        return not self.passed and not self.blocking and self.waiver is None

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "offenders": list(self.offenders[:MAX_OFFENDERS]),
            "more": max(0, len(self.offenders) - MAX_OFFENDERS),
            "waiver": self.waiver.as_dict() if self.waiver else None,
        }


@dataclass(frozen=True)
class GateReport:
    gates: tuple[Gate, ...] = field(default_factory=tuple)

    @classmethod
    def of(cls, gates: Sequence[Mapping[str, Any]]) -> GateReport:
        """The gates of a plan, as as_list stored them. Offenders that had no name have none, and count."""
        return cls(
            tuple(
                Gate(
                    **{key: gate[key] for key in ("code", "title", "passed", "blocking", "finding")},
                    offenders=(*gate["offenders"], *("",) * gate["more"]),
                )
                for gate in gates
            )
        )

    @property
    def blocking(self) -> list[Gate]:
        return [gate for gate in self.gates if gate.blocking and not gate.passed]

    @property
    def open_warnings(self) -> list[Gate]:
        return [gate for gate in self.gates if gate.is_open]

    def most_urgent_first(self) -> list[Gate]:
        """What blocks, open warnings, waived ones, then what passed; else in the order of the gates."""
        return sorted(self.gates, key=lambda gate: (gate.passed, not gate.blocking, not gate.is_open))

    def as_list(self) -> list[dict[str, Any]]:
        return [gate.as_dict() for gate in self.gates]

    def waived(self, reasons: Mapping[str, str], *, by: str, at: datetime) -> GateReport:
        """The same with warnings waived. A reason for a gate that passes is not needed and not kept.

        Args:
            reasons: By the code of the gate, or under ANY for each that has none of its own.

        Raises:
            WaiverRefused: there is no such gate, it blocks, or a reason is empty or too long.
        """
        gates = {gate.code: gate for gate in self.gates}
        for code, reason in reasons.items():
            if code != ANY and code not in gates:
                raise WaiverRefused(f'There is no check "{code}". There are: {", ".join(gates)}.')
            if code != ANY and gates[code].blocking:
                raise WaiverRefused(f'"{gates[code].title}" cannot be waived. {gates[code].finding}')
            if not reason.strip():
                raise WaiverRefused(f"Say in a sentence why the version is frozen in spite of {code}.")
            if len(reason) > MAX_REASON:
                raise WaiverRefused(f"The reason for {code} is longer than {MAX_REASON} characters.")
        given = {code: reasons.get(code, reasons.get(ANY, "")).strip() for code in gates}
        return GateReport(
            tuple(
                replace(gate, waiver=Waiver(given[gate.code], by, at))
                if gate.is_open and given[gate.code]
                else gate
                for gate in self.gates
            )
        )


def _blocks(code: str, title: str, offenders: Sequence[str], *, good: str, bad: str) -> Gate:
    """`bad` may hold {n}, which is the number of offenders."""
    finding = bad.replace("{n}", str(len(offenders))) if offenders else good
    return Gate(code, title, not offenders, True, finding, tuple(offenders))


def _warns(code: str, title: str, offenders: Sequence[str], *, good: str, bad: str) -> Gate:
    return replace(_blocks(code, title, offenders, good=good, bad=bad), blocking=False)


# Blocking


def not_empty(examples: int, waiting: int, *, narrowed: bool = False) -> Gate:
    """`narrowed`: only some of the approved examples are asked for."""
    finding = f"{examples} approved examples."
    if narrowed and not examples:
        finding = "No approved example matches the selection. Leave out one of its filters."
    elif not examples:
        finding = (
            f"No example is approved, and {waiting} wait for review. "
            "Review and approve examples first, then freeze."
        )
    return Gate("not-empty", "There is something to freeze", examples > 0, True, finding)


def readable(broken: Sequence[str]) -> Gate:
    return _blocks(
        "format",
        "Format of the examples",
        broken,
        good="Every example keeps the format.",
        bad="{n} approved examples break today's format. Edit each and have it approved again.",
    )


def trainable(untrainable: Sequence[str]) -> Gate:
    return _blocks(
        "trainable",
        "Prompt and answer",
        untrainable,
        good="Every example has a prompt and an answer.",
        bad="{n} examples cannot be trained on. Add what is missing, or reject them.",
    )


def no_control_tokens(held: Sequence[str]) -> Gate:
    """Refused when a text is saved, and looked for again here: also in raw programs and conversations."""
    return _blocks(
        "control-tokens",
        "Control tokens",
        held,
        good="No text holds a control token.",
        bad="{n} times a text holds a control token, which would end its turn. Write it another way.",
    )


def no_secrets(found: Sequence[str]) -> Gate:
    return _blocks(
        "secrets",
        "Secrets",
        found,
        good="No text holds what looks like a secret, but where a second person said that it is none.",
        bad="{n} places look like a secret. Take it out of the text; or, if it is none, have a second person "
        "say so on the example's page.",
    )


def two_people(alone: Sequence[str]) -> Gate:
    return _blocks(
        "two-people",
        "Two people for each example",
        alone,
        good="Each example was approved by somebody who neither wrote nor edited it.",
        bad="{n} examples were approved by nobody but those who wrote them. Have each reviewed by another "
        "person.",
    )


def holdout_firewall(close: LeakReport) -> Gate:
    """A model that was trained on a test task, or nearly so, has no score."""
    if not close.task_count:
        finding = "There are no test tasks yet, so none was compared."
        return Gate("holdout", "Test tasks stay unseen", True, False, finding)
    near = [pair for pair in close.tasks if pair.near]
    offenders = [f"{pair.a} and the test task {pair.b}: {_alike(pair)}" for pair in near]
    texts = len({pair.a for pair in near})
    return _blocks(
        "holdout",
        "Test tasks stay unseen",
        offenders,
        good=f"No text is close to one of the {close.task_count} tasks of {close.task_set}.",
        bad=f"{texts} texts are too close to a test task of {close.task_set}. Rewrite or reject them.",
    )


def no_leak(close: LeakReport) -> Gate:
    of = " that was found" if close.sampled else ""
    return _blocks(
        "leak",
        "Training and validation are apart",
        [f"{pair.a} and {pair.b}: {_alike(pair)}" for pair in close.across if pair.near],
        good=f"No leak; the closest pair{of} across the split is alike to {close.largest:.2f}.",
        bad="{n} near-duplicate pairs stand on both sides of the split. Keep one of each pair.",
    )


def _alike(pair: Close) -> str:
    return f"{pair.rule} alike to {pair.score:.2f}"


# Warnings


def code_check(findings: Sequence[str], unsound: int, examples: int) -> Gate:
    """A warning only, because the offline check is advisory; hints do not count.

    Args:
        findings: What the check is certain about.
        unsound: How many examples that concerns.
    """
    return _warns(
        "code-check",
        "Code check",
        findings,
        good=f"The {CHECK_VERSION} finds nothing certain in {examples} examples.",
        bad=f"In {unsound} of {examples} examples the {CHECK_VERSION} is certain that the code is broken "
        "(findings: {n}). Mend the code; the check is advisory, so say why if it is wrong.",
    )


def generation_labels(contradicted: Sequence[str], labels: Mapping[str, int], examples: int) -> Gate:
    """A warning only: what a person wrote counts, and the traces may be misled."""
    finding = (
        f"The code of {labels.get('conforms', 0)} of {examples} examples bears out the generation label."
    )
    if contradicted:
        finding += f" In {labels.get('differs', 0)} it speaks for another generation; look at both."
    if labels.get("cannot tell"):
        finding += f" In {labels['cannot tell']} it cannot tell."
    return Gate(
        "generation-labels", "Generation labels", not contradicted, False, finding, tuple(contradicted)
    )


def undecided_duplicates(pairs: Sequence[str]) -> Gate:
    """A warning only: near-duplicates share a cluster, so they cannot stand on both sides of the split."""
    return _warns(
        "near-duplicates",
        "Near-duplicates",
        pairs,
        good="No near-duplicates about which nobody has decided.",
        bad="About {n} pairs of near-duplicates nobody has decided. Keep one of each, or say that they are "
        "none, on the page Duplicates; until then each pair stays on one side of the split.",
    )


def repeated_phrases(phrases: Sequence[str]) -> Gate:
    return _warns(
        "repeated-phrases",
        "Phrases of one author",
        phrases,
        good="No author repeats a phrase that nobody else writes.",
        bad="{n} phrases stand in several examples of one author and in nobody else's; the model would learn "
        "them. Reword what is a signature or boilerplate.",
    )


def coverage(thin: Sequence[tuple[str, str, int]]) -> Gate:
    """`thin`: generation, type and number of examples."""
    return _warns(
        "coverage",
        "Coverage",
        [f"{generation}, {its_type}: {n} examples" for generation, its_type, n in thin],
        good=f"{strata.LEAST} examples or more of each generation and type.",
        bad=f"Of {{n}} kinds there are fewer than {strata.LEAST} examples. Write more of them, or freeze "
        "knowing that the model hardly learns these.",
    )


def one_of_alike(left_out: Sequence[tuple[str, str]]) -> Gate:
    """Never in the way: it tells which programs are left out. Each of them, and the one taken for it."""
    finding = "No raw program is close to another one that is taken."
    if left_out:
        finding = f"{len(left_out)} raw programs are left out: a longer or older one like each is taken."
    offenders = tuple(f"{out} is left out for {taken}" for out, taken in left_out)
    return Gate("corpus-duplicates", "One of raw programs that are alike", True, False, finding, offenders)


def general_share(general: int, others: int, per_mille: int) -> list[Gate]:
    """Of a version that takes general code: whether there is as much as was asked for."""
    if not per_mille:
        return []
    wanted = blend.needed(others, per_mille)
    finding = f"{general} rows of general code beside {others} others: {per_mille} in a thousand."
    if general < wanted:
        finding = (
            f"{per_mille} in a thousand would be {wanted} rows of general code beside {others} others; "
            f"there are {general}. Add general code on the page Corpus, or ask for less."
        )
    return [Gate("general-share", "Share of general code", general >= wanted, False, finding)]


def both_sides(train: int, validation: int) -> Gate:
    finding = f"{train} examples to train on, {validation} to validate."
    passed = train > 0 and validation > 0
    if not passed:
        finding += " The split follows from the texts and the seed; another seed or more examples change it."
    return Gate("split", "Both sides of the split hold examples", passed, False, finding)


def stable_split(moved: Sequence[str], earlier: str, *, grown: int) -> Gate:
    """A warning: a score is not comparable where a text changed sides since the last version."""
    same = f"Every example stands on the side where it stood in {earlier}."
    why = f" {grown} clusters have grown together, see the leak report." if grown else ""
    return _warns(
        "stable-split",
        "Sides since the last version",
        moved,
        good=same if earlier else "The first version.",
        bad=f"{{n}} examples changed sides since {earlier}.{why} Scores on the validation side are not "
        "comparable with that version's.",
    )
