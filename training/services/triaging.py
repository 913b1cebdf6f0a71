"""From a failed attempt to a draft of a new example: the edge that closes the loop."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from curation.domain import markdown
from curation.models import Draft, Example, Revision
from curation.services import auditing, drafting
from training.domain import marks
from training.domain.marks import FAILURES
from training.models import Attempt, Evaluation

FAILED = "failed"  # any of them
ORIGIN = "attempt:"
LONGEST_HINT = 200  # characters of the checker's first line


class NotForDrafting(Exception):
    """No example may be drafted from this attempt; the message says why."""


def readable_attempts(evaluation: Evaluation, outcome: str = "") -> QuerySet[Attempt]:
    """The attempts that people may read: the triage pool's. Those of the holdout are totals only.

    Args:
        outcome: One of training.models.evaluations.OUTCOMES, or FAILED for all that is_failure.
    """
    rows = evaluation.attempts.filter(task__pool="triage").select_related("task")
    if outcome == FAILED:
        kinds = (Q(task__mark=mark, outcome__in=outcomes) for mark, outcomes in FAILURES.items())
        return rows.filter(reduce(or_, kinds))
    return rows.filter(outcome=outcome) if outcome else rows


def is_failure(attempt: Attempt) -> bool:
    """Whether there is something to teach: of a task whose answer is meant to fail, that it was accepted."""
    return marks.is_failure(attempt.task.mark, attempt.outcome)


def origin_of(attempt: Attempt) -> str:
    """What a draft, and later its revision, names as the place it came from."""
    return f"{ORIGIN}{attempt.pk}"


def attempt_in(origin: str) -> int:
    """The id that `origin_of` wrote; 0 for another origin."""
    number = origin.removeprefix(ORIGIN)
    return int(number) if origin.startswith(ORIGIN) and number.isascii() and number.isdigit() else 0


def examples_from(attempts: Sequence[Attempt]) -> dict[int, list[Example]]:
    """The examples that were written because of these failures: attempt id → examples, in one query."""
    attempt_of = {origin_of(attempt): attempt.pk for attempt in attempts}
    found: dict[int, list[Example]] = {attempt.pk: [] for attempt in attempts}
    rows = Revision.objects.filter(origin__in=attempt_of).select_related("example").order_by("pk")
    for revision in rows:
        if revision.example not in found[attempt_of[revision.origin]]:
            found[attempt_of[revision.origin]].append(revision.example)
    return found


@transaction.atomic
def draft_from(attempt: Attempt, author: User) -> Draft:
    """Open a draft for a *sibling* of the task that failed: same type and generation, another program.

    Neither the task's prompt nor its gold answer goes into the draft: a model that was trained on them would
    pass the test by heart. Asking twice gives the same author the same draft.

    Raises:
        NotForDrafting: the attempt did not fail, or its task is in the locked holdout.
    """
    if attempt.task.pool != "triage":
        raise NotForDrafting(
            f"Attempt {attempt.pk} belongs to the holdout, which stays unread so that its score means "
            "something. Draft from a failure of the triage pool."
        )
    if not is_failure(attempt):
        raise NotForDrafting(
            f"Attempt {attempt.pk} is no failure ({attempt.get_outcome_display()}), so there is nothing to "
            "teach."
        )
    if before := Draft.objects.filter(author=author, origin=origin_of(attempt)).first():
        return before
    draft = drafting.open_draft(author=author, text=skeleton(attempt), origin=origin_of(attempt))
    auditing.record(actor=author, action="draft.from_failure", subject=draft, attempt=attempt.pk)
    return draft


def skeleton(attempt: Attempt) -> str:
    """The text a sibling starts from: the task's labels, places to fill, and what went wrong as a comment."""
    doc = markdown.parse(attempt.task.text, path=attempt.task.path).doc
    kind = doc.type if doc else "completion"
    lines = ["---", 'title: ""', f"type: {kind}", f"generation: {_yaml(doc.generation if doc else 'all')}"]
    if doc and doc.difficulty:
        lines.append(f"difficulty: {doc.difficulty}")
    lines.append('description: ""')
    if doc and doc.from_generation:
        lines.append(f"from_generation: {doc.from_generation}")
    if doc and doc.to_generation:
        lines.append(f"to_generation: {_yaml(doc.to_generation)}")
    lines += ["---", "", f"<!-- {hint(attempt)} -->", "", "## Code", ""]
    if kind == "migration":
        lines += ["### Before", "", "```bbj", "rem ", "```", "", "### After", "", "```bbj", "rem ", "```", ""]
    else:
        lines += ["```bbj", "rem ", "```", ""]
    lines += ["## Expected Output", "", "", "## Explanation", "", ""]
    return "\n".join(lines)


def hint(attempt: Attempt) -> str:
    """What the author should know, without a word of the task itself."""
    what = {
        "compile_error": "the checker refused the answer",
        "compiled": "the checker accepted an answer that it has to refuse",
        "compile_timeout": "the checker did not finish with the answer",
        "no_code": "the answer held no code",
        "truncated": "the answer was cut at the token limit",
    }[attempt.outcome]
    said = next((line.strip() for line in attempt.checker_output.splitlines() if line.strip()), "")
    said = said.replace("--", "- -").replace("<", "(").replace(">", ")").replace("`", "'")[:LONGEST_HINT]
    return (
        f"A model failed a test task here: {what}{f' ({said})' if said else ''}. Write another program that "
        "needs the same construct, not the task itself. This comment is not part of the example; delete it."
    )


def _yaml(generation: str | tuple[str, ...]) -> str:
    if isinstance(generation, str):
        return generation
    return generation[0] if len(generation) == 1 else f"[{', '.join(generation)}]"
