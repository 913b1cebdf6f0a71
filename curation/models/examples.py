"""An example is a path with a history of immutable revisions; everything else about it is derived."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from curation.domain import review, tasks
from curation.models.immutable import ImmutableModel

DISCARDED = ("rejected", "set_aside")
FILTERED = (
    "type",
    "topic",
    "difficulty",
    "generation_label",
    "written_by",
    "last_verdict",
    "problem_count",
    "near_count",
    "reviews_needed",
    "label_source",
    "label_verdict",
    "import_job",
    "pool",
)
TASK_POOLS = [("holdout", "holdout, locked: totals only"), ("triage", "triage pool: failures may be read")]
MARKS = list(tasks.MARKS.items())


class ExampleQuerySet(models.QuerySet):
    """`status` is a column that curation.services.standing keeps equal to what the rows say."""

    def with_status_in(self, status: str) -> ExampleQuerySet:
        """Only those of one status (curation.domain.review.Status)."""
        return self.filter(status=status)

    def without_discarded(self) -> ExampleQuerySet:
        """Neither rejected nor set aside: what may still become training data."""
        return self.exclude(status__in=DISCARDED)  # not "in the others": SQLite would sort them all

    def approved(self) -> ExampleQuerySet:
        return self.with_status_in("approved")


class Ordinary(models.Manager.from_queryset(ExampleQuerySet)):  # type: ignore[misc]  # made at run time
    """Examples that may become training data: no test task, whatever else is asked of them."""

    def get_queryset(self) -> ExampleQuerySet:
        rows: ExampleQuerySet = super().get_queryset().filter(pool="")
        return rows


class Example(models.Model):
    """One file of training-data/. The path is its identity; its text is the head revision's.

    A test task is a row too, since it is written and reviewed like an example. `objects` never yields one;
    what has to see both asks `everything` (docs/decisions: tasks are examples in a pool).
    """

    STATUSES = [
        ("needs_review", "waiting for review"),
        ("approved", "approved"),
        ("changes_requested", "changes requested"),
        ("disputed", "reviewers disagree"),
        ("rejected", "rejected"),
        ("set_aside", "set aside as a duplicate"),
    ]

    LABEL_SOURCES = [
        ("", "not known"),
        ("import", "came with an import"),
        ("suggestion", "suggestion accepted"),
        ("person", "labelled by a person"),
    ]

    path = models.CharField(
        max_length=200, unique=True, help_text="inside training-data/: gui/hello-window.md"
    )
    head = models.OneToOneField("Revision", on_delete=models.PROTECT, null=True, related_name="+")
    # Read from the head revision when it is written (services/authoring.py), so that lists can filter.
    content_hash = models.CharField(max_length=64, db_index=True)
    title = models.CharField(max_length=300)
    type = models.CharField(max_length=20)
    topic = models.CharField(max_length=40)
    difficulty = models.CharField(max_length=20, blank=True)
    generations = models.JSONField(default=list, help_text='["all"] or a list such as ["bbj-gui", "dwc"]')
    generation_label = models.CharField(
        max_length=60, blank=True, help_text='the same as words in one order: "all", "bbj-gui dwc"'
    )
    label_verdict = models.CharField(
        max_length=12, blank=True, help_text='what the traces say about it: "conforms", "differs", …'
    )
    # Read from the marks of its labels (services/marking.py).
    label_source = models.CharField(max_length=10, choices=LABEL_SOURCES, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    import_job = models.ForeignKey(
        "ImportJob",
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        help_text="the last import that wrote its text",
    )
    problem_count = models.PositiveIntegerField(
        default=0, help_text="warnings of the file and findings of the check"
    )
    endorsed = models.BooleanField(default=False, help_text="the present text is one that a reviewer mended")
    # Read from the reviews and the decisions about duplicates (services/standing.py).
    status = models.CharField(max_length=20, choices=STATUSES, default="needs_review")
    last_verdict = models.CharField(
        max_length=20,
        blank=True,
        help_text="what a reviewer said last about the present text; empty while verdicts are blind",
    )
    verdict_count = models.PositiveSmallIntegerField(
        default=0, help_text="reviewers whose verdict on the present text stands"
    )
    reviews_needed = models.PositiveSmallIntegerField(
        default=1, help_text="reviewers who have to judge one text, each without seeing the others' verdicts"
    )
    # Written by the job that compares texts (services/tallying.py), so it may be some seconds behind.
    near_count = models.PositiveIntegerField(
        default=0, help_text="other examples in its cluster of near-duplicates"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    pool = models.CharField(
        max_length=10,
        choices=TASK_POOLS,
        blank=True,
        default="",
        help_text="of a test task; empty: an ordinary example",
    )
    mark = models.CharField(
        max_length=20,
        choices=MARKS,
        default=tasks.PROGRAM,
        help_text="of a test task: what the checker has to say about its right answer",
    )

    objects = Ordinary()  # the first one: get_object_or_404 and forms go by it
    everything = ExampleQuerySet.as_manager()

    class Meta:
        ordering = ["path"]
        indexes = [
            models.Index(fields=["status", "path"]),
            # Holds all that the queue of review asks of an example, in its order.
            models.Index(
                fields=["status", "endorsed", "id", "verdict_count", "reviews_needed"], name="example_queue"
            ),
            # Each holds all that a list filters by. The first is what counts and the coverage grid are read
            # from, the second gives a page in order; neither reads a row that does not match.
            models.Index(fields=["status", *FILTERED], name="example_counts"),
            models.Index(fields=["path", "status", *FILTERED], name="example_pages"),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def is_blind(self) -> bool:
        """Whether what reviewers said of the present text is hidden from everybody but themselves."""
        return review.is_blind(self.verdict_count, needed=self.reviews_needed)


class Revision(ImmutableModel):
    """The full source text of an example at one moment."""

    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField(help_text="1, 2, 3… within the example")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    text = models.TextField()
    content_hash = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the UTF-8 text")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="revisions")
    note = models.CharField(max_length=300, blank=True)
    origin = models.CharField(
        max_length=100, blank=True, db_index=True, help_text='what it was drafted from: "attempt:17"'
    )
    endorsed = models.BooleanField(
        default=False,
        help_text="a reviewer mended it and found it right otherwise; another person has to confirm",
    )
    checker = models.CharField(
        max_length=60, blank=True, help_text='"offline check 1" or the compiler with its build'
    )
    findings = models.JSONField(
        default=list, help_text="what that checker said: line, code, message, certain"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["example_id", "number"]
        constraints = [models.UniqueConstraint(fields=["example", "number"], name="revision_number_once")]
        # Whether somebody wrote at an example is asked of every example that waits for a review.
        indexes = [models.Index(fields=["author", "example"])]

    def __str__(self) -> str:
        return f"{self.example.path} r{self.number}"


class ExampleTag(models.Model):
    """A tag of the present text. Written with it, for lists."""

    example = models.ForeignKey(Example, on_delete=models.CASCADE, related_name="tags")
    tag = models.CharField(max_length=60, db_index=True)

    class Meta:
        ordering = ["example_id", "tag"]
        constraints = [models.UniqueConstraint(fields=["example", "tag"], name="tag_once")]

    def __str__(self) -> str:
        return self.tag


class ExampleWords(models.Model):
    """The words of the present text (curation.domain.search_words), for the database's full-text index."""

    example = models.OneToOneField(Example, on_delete=models.CASCADE, primary_key=True, related_name="words")
    words = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"the words of {self.example_id}"


class Draft(models.Model):
    """Text that is not (yet) a revision: kept even while it has problems, so that nobody loses typing."""

    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    example = models.ForeignKey(
        Example, on_delete=models.CASCADE, null=True, blank=True, related_name="drafts"
    )
    path = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    base_hash = models.CharField(
        max_length=64,
        blank=True,
        help_text="the example's text that this draft started from; empty for a new example",
    )
    origin = models.CharField(
        max_length=100,
        blank=True,
        db_index=True,
        help_text='where it came from: "attempt:17", "example:gui/x.md"',
    )
    accepted_labels = models.CharField(
        max_length=200, blank=True, help_text="the labels as they were when a suggestion was accepted"
    )
    pool = models.CharField(max_length=10, choices=TASK_POOLS, blank=True, default="")
    mark = models.CharField(max_length=20, choices=MARKS, default=tasks.PROGRAM)
    mends = models.BooleanField(
        default=False, help_text="a reviewer opened it to fix and approve: what is saved counts as mended"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return f"draft {self.pk} of {self.path or 'a new example'}"
