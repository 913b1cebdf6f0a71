"""What a selection has to pass before it may be frozen. A blocking gate names who is in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from curation.domain import blend, chatml
from curation.domain.agreement import agreement
from curation.domain.bbj import CHECK_VERSION
from curation.domain.markdown import ExampleDoc
from curation.services import deduplicating
from curation.services.deduplicating import Compared

MAX_OFFENDERS = 200  # named in a report; the count is always the whole


@dataclass(frozen=True)
class Gate:
    code: str
    title: str
    passed: bool
    blocking: bool
    finding: str  # one sentence
    offenders: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {**self.__dict__, "offenders": list(self.offenders[:MAX_OFFENDERS])}


@dataclass(frozen=True)
class GateReport:
    gates: tuple[Gate, ...] = field(default_factory=tuple)

    @property
    def blocking(self) -> list[Gate]:
        return [gate for gate in self.gates if gate.blocking and not gate.passed]

    def as_list(self) -> list[dict[str, Any]]:
        return [gate.as_dict() for gate in self.gates]


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


def readable(broken: Mapping[str, str]) -> Gate:
    """`broken`: path of each approved example that the present rules refuse, with the first error."""
    finding = (
        f"{len(broken)} approved examples break the format." if broken else "Every example keeps the format."
    )
    offenders = tuple(f"{path}: {error}" for path, error in sorted(broken.items()))
    return Gate("format", "Format of the examples", not broken, True, finding, offenders)


def trainable(docs: Sequence[ExampleDoc]) -> Gate:
    """Every example has a prompt and an answer."""
    offenders = []
    for doc in docs:
        try:
            chatml.render(doc)
        except chatml.ControlTokenError:
            continue  # a gate of its own
        except chatml.RenderError as error:
            offenders.append(str(error))
    finding = (
        f"{len(offenders)} examples cannot be trained on."
        if offenders
        else "Every example has a prompt and an answer."
    )
    return Gate("trainable", "Prompt and answer", not offenders, True, finding, tuple(offenders))


def no_control_tokens(docs: Sequence[ExampleDoc], others: Mapping[str, str]) -> Gate:
    """Refused when a text is saved, and looked for again here. `others`: raw programs and conversations."""
    offenders = [
        f"{doc.path}: holds the control token {t}"
        for doc in docs
        for t in chatml.CONTROL_TOKENS
        if t in doc.text
    ]
    for path, text in others.items():
        held = [token for token in chatml.CONTROL_TOKENS if token in text]
        offenders += [f"{path}: holds the control token {token}" for token in held]
    finding = (
        f"{len(offenders)} texts hold a control token." if offenders else "No text holds a control token."
    )
    return Gate("control-tokens", "Control tokens", not offenders, True, finding, tuple(offenders))


def code_check(findings: Mapping[str, Sequence[dict[str, Any]]]) -> Gate:
    """A warning only, because the offline check is advisory; hints do not count.

    Args:
        findings: What the check said about each example, by its path (authoring.findings).
    """
    certain = {path: [f for f in said if f["certain"]] for path, said in sorted(findings.items())}
    broken = sum(bool(said) for said in certain.values())
    offenders = tuple(
        f"{path}, line {found['source_line']}: {found['message']} ({found['code']})"
        for path, said in certain.items()
        for found in said
    )
    finding = f"The {CHECK_VERSION} finds nothing certain in {len(findings)} examples."
    if broken:
        finding = (
            f"In {broken} of {len(findings)} examples the {CHECK_VERSION} is certain that the code is broken "
            f"(findings: {len(offenders)}). Mend the code, or freeze anyway: the check is advisory."
        )
    return Gate("code-check", "Code check", not offenders, False, finding, offenders)


def generation_labels(docs: Sequence[ExampleDoc]) -> Gate:
    """A warning only: what a person wrote counts, and the traces may be misled."""
    judged = {doc.path: agreement(doc) for doc in docs}
    counts = Counter(found.verdict for found in judged.values())
    offenders = tuple(
        f"{path}: {part.field}: {part.said.sentence}"
        for path, found in judged.items()
        for part in found.parts
        if part.said.verdict == "differs"
    )
    finding = f"The code of {counts['conforms']} of {len(docs)} examples bears out the generation label."
    if offenders:
        finding += f" In {counts['differs']} it speaks for another generation; look at both."
    if counts["cannot tell"]:
        finding += f" In {counts['cannot tell']} it cannot tell."
    return Gate("generation-labels", "Generation labels", not offenders, False, finding, offenders)


def near_duplicates(items: Sequence[Compared], clusters: Sequence[str]) -> Gate:
    """A warning only: near-duplicates share a cluster, so they cannot stand on both sides of the split."""
    members: dict[str, list[str]] = {}
    for item, cluster in zip(items, clusters, strict=True):
        members.setdefault(cluster, []).append(item.path)
    groups = sorted(sorted(paths) for paths in members.values() if len(paths) > 1)
    finding = "No near-duplicates."
    if groups:
        finding = (
            f"{len(groups)} groups of near-duplicates, {sum(map(len, groups))} texts; each stays on one side."
        )
    return Gate(
        "near-duplicates", "Near-duplicates", not groups, False, finding, tuple(" = ".join(g) for g in groups)
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


def holdout_firewall(items: Sequence[Compared], tasks: Sequence[Compared], set_name: str) -> Gate:
    """A model that was trained on a test task, or nearly so, has no score."""
    near = deduplicating.near_across(items, tasks)
    offenders = tuple(
        f"{items[n.i].path} and the test task {tasks[n.j].path}: {n.rule} alike to {n.score:.2f}"
        for n in near
    )
    if not tasks:
        return Gate(
            "holdout",
            "Test tasks stay unseen",
            True,
            False,
            "There are no test tasks yet, so none was compared.",
        )
    finding = f"No text is close to one of the {len(tasks)} tasks of {set_name}."
    if near:
        texts = len({n.i for n in near})
        finding = f"{texts} texts are too close to a test task of {set_name}. Rewrite or reject them."
    return Gate("holdout", "Test tasks stay unseen", not near, True, finding, offenders)


def no_leak(leaks: Sequence[tuple[str, str, float]], largest: float, sampled: bool) -> Gate:
    """`leaks`: the two paths and the score of each near-duplicate pair that stands on both sides.

    `largest` is the highest likeness of words across the split; of a sample of the pairs when `sampled`.
    """
    offenders = tuple(f"{a} and {b}: alike to {score:.2f}" for a, b, score in leaks)
    of = " of a sample" if sampled else ""
    finding = f"No leak; the closest pair{of} across the split is alike to {largest:.2f}."
    if leaks:
        finding = f"{len(leaks)} near-duplicate pairs stand on both sides of the split."
    return Gate("leak", "Training and validation are apart", not leaks, True, finding, offenders)


def both_sides(train: int, validation: int) -> Gate:
    finding = f"{train} examples to train on, {validation} to validate."
    passed = train > 0 and validation > 0
    if not passed:
        finding += " The split follows from the texts and the seed; another seed or more examples change it."
    return Gate("split", "Both sides of the split hold examples", passed, False, finding)


def stable_split(moved: Sequence[str], earlier: str) -> Gate:
    """A warning: a score is not comparable where a text changed sides since the last version."""
    finding = (
        f"Every example stands on the side where it stood in {earlier}." if earlier else "The first version."
    )
    if moved:
        finding = f"{len(moved)} examples changed sides since {earlier}."
    return Gate("stable-split", "Sides since the last version", not moved, False, finding, tuple(moved))
