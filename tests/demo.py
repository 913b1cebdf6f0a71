"""A studio in use, for pictures and for trying things by hand: people, verdicts that differ, an import.

STUDIO_VAR=… python -m tests.demo        in a studio that `up` has seeded; prints {page: address} as JSON
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import django

from tests import demo_runs

PASSWORD = "a-password-for-pictures"
TEXTS = (
    ("gui/customer-grid.md", "Show customers in a grid", "[bbj-gui, dwc]"),
    ("dwc/toolbar.md", "A toolbar that folds on a phone", "dwc"),
    ("database/open-orders.md", "List the open orders", "all"),
    ("strings/mask-an-iban.md", "Mask an IBAN", "all"),
    ("file-io/read-a-csv.md", "Read a CSV file line by line", "all"),
    ("oop/account-class.md", "A class for an account", "all"),
    ("control-flow/retry.md", "Try again three times", "all"),
)
TAUGHT = "gui/confirm-a-delete.md"  # drafted from a failure


def fill() -> dict[str, str]:
    """Make it, through the services; the account to look with is "max", a maintainer and admin."""
    from curation.services import assigning, bookmarking, commenting, comparing, drafting, looking, undoing
    from tests import makers

    ann, rey, kim, top = _people()
    made = {
        path: makers.example(path, makers.example_text(title, generation=generation), author=ann)
        for path, title, generation in TEXTS
    }
    grid, toolbar, orders, iban, csv, account, retry = made.values()
    twin = makers.example_text("List the open orders", explanation="The same, told in another way.")
    makers.example("database/orders-that-are-open.md", twin, author=kim)
    makers.review(grid, "request_changes", reviewer=rey, reason="Name the columns of the grid.")
    makers.review(csv, reviewer=rey)
    assigning.require_reviews(examples=[account.pk, toolbar.pk], needed=2, by=top)
    account.refresh_from_db()
    makers.review(account, reviewer=rey)
    makers.review(account, "reject", reviewer=kim, reason="The class has no constructor.")
    assigning.assign(examples=[orders.pk], to=[top, rey], by=top)
    assigning.assign(examples=[csv.pk], to=[kim], by=top)
    if mistake := undoing.last_undoable(top):
        undoing.undo(mistake, by=top)
    makers.edited(iban, makers.example_text("Mask an IBAN", explanation="Four digits stay."), author=ann)
    commenting.comment(
        example=iban, author=kim, text="Does this hold for IBANs of Malta?", content_hash=iban.content_hash
    )
    drafting.new_draft(author=top, path="gui/a-thought.md", text=makers.example_text("A thought"))
    bookmarking.save(owner=top, name="Windows that wait", query="status=needs_review&topic=gui", shared=True)
    bookmarking.save(owner=ann, name="Sent back", query="status=changes_requested", shared=True)
    makers.review(makers.task("triage", author=ann, name="sort-by-surname"), reviewer=rey)
    makers.task("triage", author=kim, name="undefined-label", mark="meant-to-fail")
    locked = makers.task("holdout", author=top, name="leap-year")
    looking.look(locked, rey, "review")
    makers.review(locked, reviewer=rey)
    _tag(retry.pk, top)
    _import(top)
    _corpus(top, kim)
    comparing.compare()
    _freeze_twice(csv, ann, top)
    _look_before_freezing(top)
    _count_the_mask(top)
    demo_runs.queue(top)
    demo_runs.probed(top)
    return dict(_addresses(iban.pk, grid.pk))


def _people() -> list[Any]:
    from django.contrib.auth.models import Group, User

    people = []
    for name, roles in (
        ("ann", "author"),
        ("rey", "reviewer"),
        ("kim", "reviewer"),
        ("max", "maintainer admin"),
    ):
        person = User.objects.create_user(name, password=PASSWORD)
        person.groups.set(Group.objects.filter(name__in=roles.split()))
        person.is_staff = person.is_superuser = "admin" in roles
        person.save()
        people.append(person)
    return people


def _tag(example: int, by: Any) -> None:
    """An action on many examples, here on one, for its page."""
    from curation.services import bulk_editing

    asked: dict[str, Any] = {"action": "add_tag", "value": "loop", "ids": [example], "by": by}
    bulk_editing.carry_out(**asked, digest=bulk_editing.plan(**asked).digest)


def _import(author: Any) -> None:
    """A ChatML set with defects, checked, that waits for decisions."""
    from curation.services import queueing, uploading, working
    from tests import chatml_set

    planted = chatml_set.chatml_set(chatml_set.SMALL)
    job = uploading.upload(
        name="conversations.jsonl", chunks=[planted.data], author=author, idempotency_key="demo"
    )
    if claim := queueing.claim(job.pk, "demo:1"):
        working.carry_out(claim)


def _freeze_twice(changed: Any, author: Any, by: Any) -> None:
    """Two dataset versions, between which an example is edited and relabelled and others come and go.

    One of those that come was drafted from a failure of a model of the first.
    """
    from django.utils import timezone

    from tests import loop, makers
    from training.models import Attempt

    going = makers.approved("strings/join-two-names.md", makers.example_text("Join two names"))
    run = loop.trained(makers.freeze(name="spring", author=by), "compile_error", "no_code", "compiled")
    demo_runs.learnt(run, rate=1e-3, at=timezone.now() - timedelta(hours=4))
    failed = Attempt.objects.filter(evaluation__run=run).order_by("pk")[0]
    makers.review(loop.taught(failed, TAUGHT, author=author))
    text = changed.head.text.replace("generation: all", "generation: [bbj-gui, dwc]")
    makers.review(
        makers.edited(changed, text.replace("## Explanation\n", "## Explanation\n\nLine by line.\n"))
    )
    makers.review(going, "reject")
    for title in ("Pad a number with zeros", "Turn words around"):
        makers.approved(f"strings/{title.lower().replace(' ', '-')}.md", makers.example_text(title))
    run = loop.trained(makers.freeze(name="summer", author=by), "compiled", "no_code", "compiled")
    demo_runs.learnt(run, rate=6e-4, at=timezone.now() - timedelta(hours=3))


def _look_before_freezing(by: Any) -> None:
    """As a worker does for very many examples."""
    from curation.services import freezing
    from curation.services.selecting import Selection

    wish = freezing.Wish(name="files", waivers={"coverage": "files alone are asked for"}, looks_only=True)
    job = freezing.request(selection=Selection(topic="file-io"), general_per_mille=0, wish=wish, by=by)
    freezing.carry_out(job.pk)


def _count_the_mask(by: Any) -> None:
    """Of the newest version, where a base model's tokenizer is there; at a length that cuts some rows."""
    from curation.models import Snapshot
    from curation.services import inspecting, masking

    for tokenizer in masking.shelf()[:1]:
        inspecting.request(snapshot=Snapshot.objects.latest("pk"), tokenizer=tokenizer, limit=256, by=by)


def _corpus(by: Any, other: Any) -> None:
    """Raw programs and general code, of which something was taken out."""
    from curation.services import borrowing, stocking
    from tests import makers

    terms = {"licence": "own", "source": "the sales department"}
    makers.raw_program("sales/order-entry.bbj", author=by, **terms)
    text = makers.program("Monthly report")
    for written in (text, text.replace("rem Monthly", "rem The monthly") + "print total\n"):
        program = makers.raw_program("sales/monthly-report.src", written, author=by, **terms)
    stocking.relicense(program=program, licence="MIT", source="github.com/acme/tools", by=by, seen=2)
    program.refresh_from_db()
    stocking.take_out(program=program, by=other, seen=3, reason="Holds names of customers.")
    for prompt in ("Reverse a list in Python.", "What does a closure capture?", "Sum a column with awk."):
        makers.general_example(prompt, author=by, licence="CC-BY-4.0", source="a public set of questions")
    makers.general_example("Write a loop in Pascal.", author=by, licence="own", source="notes of the team")
    borrowing.choose(source="notes of the team", included=False, by=other, reason="Not our own after all.")


def _addresses(edited: int, sent_back: int) -> Iterator[tuple[str, str]]:
    """Every page that a GET shows, by its URL name."""
    from django.urls import reverse

    from curation.models import (
        AuditEntry,
        CorpusProgram,
        Draft,
        Example,
        FreezeJob,
        ImportJob,
        MaskAudit,
        Snapshot,
    )
    from curation.services import contrasting
    from training.models import Evaluation, Run

    for name in (
        "dashboard",
        "example_list",
        "example_new",
        "draft_list",
        "duplicate_list",
        "import",
        "conversation_list",
        "corpus_list",
        "corpus_add",
        "general_add",
        "review_next",
        "label_list",
        "agreement",
        "snapshot_list",
        "snapshot_freeze",
        "run_start",
        "run_list",
        "queue_page",
        "model_list",
        "evaluation_list",
        "task_list",
        "holdout_list",
        "task_set_freeze",
        "password",
        "coverage",
        "view_list",
        "dispute_next",
        "token_list",
        "audit_log",
        "api_reference",
    ):
        yield name, reverse(name)
    program = CorpusProgram.objects.get(path="sales/monthly-report.src")
    clustered = Example.objects.get(path="database/open-orders.md")
    draft, job = Draft.objects.latest("pk"), ImportJob.objects.latest("pk")
    for name, arguments in (
        ("example_page", [edited]),
        ("example_edit", [sent_back]),
        ("revision_list", [edited]),
        ("revision_tokens", [edited, 1]),
        ("draft_edit", [draft.pk]),
        ("duplicate_cluster", [clustered.pk]),
        ("import_page", [job.pk]),
        ("corpus_page", [program.pk]),
        ("corpus_version", [program.pk, 2]),
        ("bulk_done", [AuditEntry.objects.get(action="bulk.add_tag").pk]),
    ):
        yield name, reverse(name, args=arguments)
    yield "task_new", reverse("example_new") + "?pool=holdout"
    yield "bulk_choose", reverse("bulk_choose") + "?which=matching&list=topic%3Dgui"
    yield "example_list_filtered", reverse("example_list") + "?status=needs_review&q=open"
    yield "revision_compare", reverse("revision_compare", args=[edited]) + "?left=1&right=2"
    older, newer = Snapshot.objects.order_by("-pk")[:2][::-1]
    yield "snapshot_diff", reverse("snapshot_diff", args=[newer.pk, older.pk])
    changed = contrasting.contrast(older, newer).changes.filter(words="edited relabelled").get()
    yield "snapshot_change", reverse("snapshot_change", args=[newer.pk, older.pk, changed.position])
    yield "lineage_example", reverse("lineage_example", args=[Example.objects.get(path=TAUGHT).pk])
    yield "lineage_snapshot", reverse("lineage_snapshot", args=[newer.pk])
    yield "import_mend", reverse("import_mend", args=[job.pk, "escaped-newlines"])
    both = "&".join(f"run={run.pk}" for run in Run.objects.filter(state="succeeded").order_by("-pk")[:2])
    yield "run_compare", f"{reverse('run_compare')}?{both}"
    looked_at = Run.objects.filter(state="succeeded").earliest("pk")  # the rehearsal, where there was one
    yield "run_page", reverse("run_page", args=[looked_at.pk])
    yield "run_log", reverse("run_log", args=[looked_at.pk, "pretrain"])
    for model, name in (
        (Snapshot, "snapshot_page"),
        (FreezeJob, "freeze_page"),
        (MaskAudit, "mask_page"),
        (Evaluation, "evaluation_page"),
    ):
        if newest := model.objects.order_by("-pk").first():
            yield name, reverse(name, args=[newest.pk])


if __name__ == "__main__":
    django.setup()
    print(json.dumps(fill()))
