"""What 0001 to 0022 make together, in one step: each step of the long way renders every model again.

Those stay for databases that have taken some of them (docs/decisions/0041-one-first-migration.md).
"""

from importlib import import_module

import django.core.serializers.json
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

full_text = import_module("curation.migrations.0006_full_text_index")
audit = import_module("curation.migrations.0014_audit_log")


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("curation", "0001_initial"),
        ("curation", "0002_near_duplicates"),
        ("curation", "0003_imports"),
        ("curation", "0004_conversations_in_versions"),
        ("curation", "0005_review_and_audit"),
        ("curation", "0006_full_text_index"),
        ("curation", "0007_find_texts_by_code"),
        ("curation", "0008_label_marks"),
        ("curation", "0009_review_queue"),
        ("curation", "0010_import_conflicts"),
        ("curation", "0011_list_filters"),
        ("curation", "0012_accepted_labels"),
        ("curation", "0013_open_verdicts"),
        ("curation", "0014_audit_log"),
        ("curation", "0015_audit_by_action"),
        ("curation", "0016_word_again"),
        ("curation", "0017_audit_filters"),
        ("curation", "0018_corpus_and_general_code"),
        ("curation", "0019_snapshot_diffs"),
        ("curation", "0020_test_tasks"),
        ("curation", "0021_mask_audits"),
        ("curation", "0022_corpus_list"),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ComparedText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content_hash", models.CharField(max_length=64, unique=True)),
                (
                    "rules",
                    models.CharField(
                        help_text="by which rules it was prepared; others prepare it anew", max_length=32
                    ),
                ),
                (
                    "form",
                    models.CharField(
                        blank=True, db_index=True, help_text="digest of the normalised words", max_length=32
                    ),
                ),
                (
                    "codes",
                    models.JSONField(
                        default=list, help_text="digest of each normalised code that may be compared"
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=32)),
                ("plain", models.CharField(blank=True, max_length=32)),
                ("prompt", models.CharField(blank=True, db_index=True, max_length=32)),
                ("answer", models.CharField(blank=True, max_length=32)),
                ("code", models.CharField(blank=True, max_length=32)),
                ("renamed", models.CharField(blank=True, max_length=32)),
                ("template", models.CharField(blank=True, db_index=True, max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="Example",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "path",
                    models.CharField(
                        help_text="inside training-data/: gui/hello-window.md", max_length=200, unique=True
                    ),
                ),
                ("content_hash", models.CharField(db_index=True, max_length=64)),
                ("title", models.CharField(max_length=300)),
                ("type", models.CharField(max_length=20)),
                ("topic", models.CharField(max_length=40)),
                ("difficulty", models.CharField(blank=True, max_length=20)),
                (
                    "generations",
                    models.JSONField(default=list, help_text='["all"] or a list such as ["bbj-gui", "dwc"]'),
                ),
                (
                    "generation_label",
                    models.CharField(
                        blank=True,
                        help_text='the same as words in one order: "all", "bbj-gui dwc"',
                        max_length=60,
                    ),
                ),
                (
                    "label_verdict",
                    models.CharField(
                        blank=True,
                        help_text='what the traces say about it: "conforms", "differs", …',
                        max_length=12,
                    ),
                ),
                (
                    "label_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "not known"),
                            ("import", "came with an import"),
                            ("suggestion", "suggestion accepted"),
                            ("person", "labelled by a person"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "problem_count",
                    models.PositiveIntegerField(
                        default=0, help_text="warnings of the file and findings of the check"
                    ),
                ),
                (
                    "endorsed",
                    models.BooleanField(
                        default=False, help_text="the present text is one that a reviewer mended"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("needs_review", "waiting for review"),
                            ("approved", "approved"),
                            ("changes_requested", "changes requested"),
                            ("disputed", "reviewers disagree"),
                            ("rejected", "rejected"),
                            ("set_aside", "set aside as a duplicate"),
                        ],
                        default="needs_review",
                        max_length=20,
                    ),
                ),
                (
                    "last_verdict",
                    models.CharField(
                        blank=True,
                        help_text="what a reviewer said last about the present text; empty while verdicts are blind",
                        max_length=20,
                    ),
                ),
                (
                    "verdict_count",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="reviewers whose verdict on the present text stands"
                    ),
                ),
                (
                    "reviews_needed",
                    models.PositiveSmallIntegerField(
                        default=1,
                        help_text="reviewers who have to judge one text, each without seeing the others' verdicts",
                    ),
                ),
                (
                    "near_count",
                    models.PositiveIntegerField(
                        default=0, help_text="other examples in its cluster of near-duplicates"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "pool",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("holdout", "holdout, locked: totals only"),
                            ("triage", "triage pool: failures may be read"),
                        ],
                        default="",
                        help_text="of a test task; empty: an ordinary example",
                        max_length=10,
                    ),
                ),
                (
                    "mark",
                    models.CharField(
                        choices=[
                            ("program", "a program, to be accepted"),
                            ("fragment", "a fragment, in no score"),
                            ("meant-to-fail", "meant to fail, to be refused"),
                        ],
                        default="program",
                        help_text="of a test task: what the checker has to say about its right answer",
                        max_length=20,
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["path"],
            },
        ),
        migrations.CreateModel(
            name="ChatRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("system", models.TextField(blank=True)),
                ("prompt", models.TextField()),
                ("answer", models.TextField()),
                (
                    "content_hash",
                    models.CharField(
                        help_text="SHA-256 of the three texts as JSON", max_length=64, unique=True
                    ),
                ),
                ("why", models.TextField(help_text="why it is no example")),
                ("origin", models.CharField(help_text='where it came from: "import:17:123"', max_length=100)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="ComparedCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(db_index=True, max_length=32)),
                (
                    "text",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="code_rows",
                        to="curation.comparedtext",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Comparison",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "owner",
                    models.CharField(
                        blank=True, help_text="host:pid; empty when nobody compares", max_length=200
                    ),
                ),
                ("fence", models.PositiveIntegerField(default=0, help_text="raised by each claim")),
                ("lease_until", models.DateTimeField(null=True)),
                ("done", models.PositiveIntegerField(default=0, help_text="texts of this claim so far")),
                ("total", models.PositiveIntegerField(default=0)),
                (
                    "finished_at",
                    models.DateTimeField(help_text="when nothing was left to compare", null=True),
                ),
                (
                    "problem",
                    models.CharField(blank=True, help_text="why the last claim ended early", max_length=300),
                ),
                ("clusters", models.PositiveIntegerField(default=0, help_text="that wait for a decision")),
                (
                    "tallied",
                    models.CharField(blank=True, help_text="what the count was made from", max_length=100),
                ),
                ("tallied_at", models.DateTimeField(null=True)),
                ("tally_s", models.FloatField(default=0, help_text="seconds that it took")),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_comparison")],
            },
        ),
        migrations.CreateModel(
            name="CorpusFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("path", models.CharField(db_index=True, max_length=200)),
                (
                    "number",
                    models.PositiveIntegerField(default=1, help_text="counts the versions of a path from 1"),
                ),
                ("text", models.TextField()),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "licence",
                    models.CharField(
                        blank=True,
                        help_text="own, proprietary or an SPDX identifier; empty: of an older studio",
                        max_length=60,
                    ),
                ),
                (
                    "source",
                    models.CharField(blank=True, help_text="a repository, a department", max_length=200),
                ),
                (
                    "included",
                    models.BooleanField(default=True, help_text="whether dataset versions may take it"),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="why it was taken out or put back", max_length=300
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "author",
                    models.ForeignKey(
                        help_text="empty: the studio itself, which brings the shipped programs",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["path", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="CorpusProgram",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("path", models.CharField(max_length=200, unique=True)),
                ("versions", models.PositiveIntegerField(help_text="the number of the newest one")),
                ("licence", models.CharField(blank=True, max_length=60)),
                ("source", models.CharField(blank=True, max_length=200)),
                ("included", models.BooleanField()),
                ("lines", models.PositiveIntegerField()),
                (
                    "form",
                    models.CharField(
                        db_index=True, help_text="digest of the text without case and layout", max_length=32
                    ),
                ),
                (
                    "head",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="program",
                        to="curation.corpusfile",
                    ),
                ),
            ],
            options={
                "ordering": ["path"],
            },
        ),
        migrations.CreateModel(
            name="ExampleWords",
            fields=[
                (
                    "example",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="curation.example",
                    ),
                ),
                ("words", models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("path", models.CharField(blank=True, max_length=200)),
                ("text", models.TextField(blank=True)),
                (
                    "base_hash",
                    models.CharField(
                        blank=True,
                        help_text="the example's text that this draft started from; empty for a new example",
                        max_length=64,
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        help_text='where it came from: "attempt:17", "example:gui/x.md"',
                        max_length=100,
                    ),
                ),
                (
                    "accepted_labels",
                    models.CharField(
                        blank=True,
                        help_text="the labels as they were when a suggestion was accepted",
                        max_length=200,
                    ),
                ),
                (
                    "pool",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("holdout", "holdout, locked: totals only"),
                            ("triage", "triage pool: failures may be read"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "mark",
                    models.CharField(
                        choices=[
                            ("program", "a program, to be accepted"),
                            ("fragment", "a fragment, in no score"),
                            ("meant-to-fail", "meant to fail, to be refused"),
                        ],
                        default="program",
                        max_length=20,
                    ),
                ),
                (
                    "mends",
                    models.BooleanField(
                        default=False,
                        help_text="a reviewer opened it to fix and approve: what is saved counts as mended",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "example",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="curation.example",
                    ),
                ),
            ],
            options={
                "ordering": ["-updated_at"],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "content_hash",
                    models.CharField(help_text="the text that the remark was written about", max_length=64),
                ),
                (
                    "line",
                    models.PositiveIntegerField(
                        help_text="of that text, from 1; empty: about all of it", null=True
                    ),
                ),
                ("text", models.TextField(max_length=2000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="comments",
                        to="curation.example",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "assigned_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assignments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assignments",
                        to="curation.example",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="ExampleTag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tag", models.CharField(db_index=True, max_length=60)),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tags",
                        to="curation.example",
                    ),
                ),
            ],
            options={
                "ordering": ["example_id", "tag"],
            },
        ),
        migrations.CreateModel(
            name="GeneralChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(db_index=True, max_length=200)),
                ("included", models.BooleanField()),
                ("reason", models.CharField(max_length=300)),
                ("chosen_at", models.DateTimeField(auto_now_add=True)),
                (
                    "chosen_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="GeneralExample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("system", models.TextField(blank=True)),
                ("prompt", models.TextField()),
                ("answer", models.TextField()),
                (
                    "content_hash",
                    models.CharField(
                        help_text="SHA-256 of the three texts as JSON", max_length=64, unique=True
                    ),
                ),
                (
                    "form",
                    models.CharField(
                        help_text="digest of question and answer without case and layout",
                        max_length=32,
                        unique=True,
                    ),
                ),
                ("licence", models.CharField(max_length=60)),
                ("source", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="ImportJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=80, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("markdown", "Markdown file"),
                            ("folder", "folder"),
                            ("archive", "archive"),
                            ("chatml", "ChatML file"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "source_name",
                    models.CharField(help_text="the file's own name, as it was given", max_length=200),
                ),
                (
                    "source_path",
                    models.TextField(
                        help_text="where this server reads it; an upload is gone once it is checked"
                    ),
                ),
                ("topic", models.CharField(blank=True, help_text="of a single Markdown file", max_length=40)),
                (
                    "sha256",
                    models.CharField(blank=True, help_text="of the file; empty for a folder", max_length=64),
                ),
                ("size_bytes", models.PositiveBigIntegerField(default=0)),
                ("note", models.CharField(blank=True, help_text="stands on each revision", max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting for a worker"),
                            ("checking", "checking"),
                            ("ready", "checked"),
                            ("confirmed", "waiting to import"),
                            ("importing", "importing"),
                            ("done", "imported"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        db_index=True,
                        default="queued",
                        max_length=10,
                    ),
                ),
                (
                    "done",
                    models.PositiveBigIntegerField(
                        default=0, help_text="of `total`, in bytes, files or items"
                    ),
                ),
                ("total", models.PositiveBigIntegerField(default=0)),
                (
                    "attempt",
                    models.PositiveIntegerField(default=0, help_text="how often this step was claimed"),
                ),
                (
                    "owner",
                    models.CharField(
                        blank=True, help_text="host:pid of the process that holds it", max_length=120
                    ),
                ),
                (
                    "fence",
                    models.PositiveIntegerField(
                        default=0, help_text="grows with each claim; a write with an old fence is refused"
                    ),
                ),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                ("failure_message", models.TextField(blank=True)),
                (
                    "skipped",
                    models.JSONField(
                        default=list, help_text="names in an archive that are no example, such as .DS_Store"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="ImportItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "position",
                    models.PositiveIntegerField(
                        help_text="line of the file, or number of the file in its folder"
                    ),
                ),
                (
                    "name",
                    models.CharField(help_text="the file's name, as it stands in the source", max_length=300),
                ),
                (
                    "source",
                    models.TextField(
                        blank=True, help_text="the line as it was read; empty for a Markdown file"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[("example", "example"), ("record", "conversation"), ("", "nothing")],
                        max_length=10,
                    ),
                ),
                ("path", models.CharField(blank=True, help_text="of the example", max_length=200)),
                ("text", models.TextField(blank=True, help_text="of the example")),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                (
                    "base_hash",
                    models.CharField(
                        blank=True, help_text="of the text that the example had when checked", max_length=64
                    ),
                ),
                (
                    "exported_hash",
                    models.CharField(
                        blank=True,
                        help_text="of the file when it was exported, where .studio.json says so",
                        max_length=64,
                    ),
                ),
                (
                    "file_text",
                    models.TextField(
                        blank=True,
                        help_text="of a conflict: the file's text, while `text` is what was decided",
                    ),
                ),
                (
                    "meta",
                    models.JSONField(
                        default=dict, help_text="title, type, topic, … and what the offline check said"
                    ),
                ),
                (
                    "why",
                    models.TextField(blank=True, help_text="why a conversation does not become an example"),
                ),
                (
                    "change",
                    models.CharField(
                        choices=[
                            ("new", "new"),
                            ("changed", "changed"),
                            ("unchanged", "unchanged"),
                            ("older", "older than the studio's text"),
                            ("conflict", "changed on both sides"),
                            ("refused", "refused"),
                            ("left_out", "left out"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True, help_text="created, changed, unchanged, or stale", max_length=10
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="curation.importjob",
                    ),
                ),
            ],
            options={
                "ordering": ["job_id", "position"],
            },
        ),
        migrations.AddField(
            model_name="example",
            name="import_job",
            field=models.ForeignKey(
                db_index=False,
                help_text="the last import that wrote its text",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="curation.importjob",
            ),
        ),
        migrations.CreateModel(
            name="ImportProblem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=40)),
                (
                    "severity",
                    models.CharField(
                        choices=[("error", "error"), ("warning", "warning"), ("defect", "defect")],
                        max_length=10,
                    ),
                ),
                ("line", models.PositiveIntegerField()),
                ("message", models.TextField()),
                ("suggestion", models.TextField(blank=True)),
                (
                    "group",
                    models.PositiveIntegerField(
                        default=0, help_text="first line with the same prompt; 0: none"
                    ),
                ),
                ("conflicting", models.BooleanField(default=False, help_text="the group's answers differ")),
                (
                    "action",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "open"),
                            ("mend", "mended"),
                            ("keep", "kept as it is"),
                            ("edit", "edited"),
                            ("leave_out", "left out"),
                            ("take", "the file taken"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "places",
                    models.JSONField(blank=True, help_text="which literal \\n became line breaks", null=True),
                ),
                ("text", models.TextField(blank=True, help_text="the answer as somebody edited it")),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="problems",
                        to="curation.importitem",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="problems",
                        to="curation.importjob",
                    ),
                ),
            ],
            options={
                "ordering": ["job_id", "code", "pk"],
            },
        ),
        migrations.CreateModel(
            name="LabelMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "content_hash",
                    models.CharField(help_text="the text that had this label then", max_length=64),
                ),
                (
                    "part",
                    models.CharField(
                        blank=True,
                        choices=[("", "all of it"), ("before", "Before"), ("after", "After")],
                        help_text="a side of a migration",
                        max_length=6,
                    ),
                ),
                ("generations", models.JSONField(help_text="the label, in the order of GENERATIONS")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("import", "came with an import"),
                            ("suggestion", "suggestion accepted"),
                            ("person", "labelled by a person"),
                        ],
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="label_marks",
                        to="curation.example",
                    ),
                ),
                (
                    "takes_back",
                    models.OneToOneField(
                        help_text="an earlier mark",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taken_back_by",
                        to="curation.labelmark",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="NormalForm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=32)),
                (
                    "rule",
                    models.CharField(choices=[("text", "words"), ("code", "code tokens")], max_length=4),
                ),
                ("text", models.TextField()),
                (
                    "compared",
                    models.BooleanField(default=False, help_text="its pairs with all older forms are stored"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["compared", "rule"], name="curation_no_compare_b4e631_idx")],
                "constraints": [models.UniqueConstraint(fields=("rule", "digest"), name="normal_form_once")],
            },
        ),
        migrations.CreateModel(
            name="NearForms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "score",
                    models.FloatField(
                        db_index=True, help_text="rapidfuzz's normalised Indel similarity, 0..1"
                    ),
                ),
                (
                    "high",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="curation.normalform",
                    ),
                ),
                (
                    "low",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="curation.normalform",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OpenVerdict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="open_verdicts",
                        to="curation.example",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="open_verdicts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="PairJudgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_hash", models.CharField(max_length=64)),
                ("second_hash", models.CharField(max_length=64)),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("distinct", "not a duplicate"),
                            ("keep_first", "duplicate; the first one is kept"),
                            ("keep_second", "duplicate; the second one is kept"),
                            ("withdrawn", "undone"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                (
                    "action",
                    models.UUIDField(
                        db_index=True, help_text="shared by the rows of one key press; undone together"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "first",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="curation.example"
                    ),
                ),
                (
                    "judge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="curation.example"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateTimeField(db_index=True)),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reservations",
                        to="curation.example",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reservations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "content_hash",
                    models.CharField(help_text="the text that was on the reviewer's screen", max_length=64),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("approve", "approved"),
                            ("request_changes", "changes requested"),
                            ("reject", "rejected"),
                            ("withdrawn", "verdict taken back"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "generations",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="the label this reviewer finds right; empty: of an older row",
                    ),
                ),
                (
                    "adjudicates",
                    models.BooleanField(
                        default=False, help_text="settles what other reviewers disagreed about"
                    ),
                ),
                ("reason", models.TextField(blank=True, max_length=2000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "again",
                    models.ForeignKey(
                        db_index=False,
                        help_text="the earlier word that counts again, since the one after it was taken back",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="curation.review",
                    ),
                ),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="curation.example",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="1, 2, 3… within the example")),
                ("text", models.TextField()),
                (
                    "content_hash",
                    models.CharField(db_index=True, help_text="SHA-256 of the UTF-8 text", max_length=64),
                ),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "origin",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        help_text='what it was drafted from: "attempt:17"',
                        max_length=100,
                    ),
                ),
                (
                    "endorsed",
                    models.BooleanField(
                        default=False,
                        help_text="a reviewer mended it and found it right otherwise; another person has to confirm",
                    ),
                ),
                (
                    "checker",
                    models.CharField(
                        blank=True,
                        help_text='"offline check 1" or the compiler with its build',
                        max_length=60,
                    ),
                ),
                (
                    "findings",
                    models.JSONField(
                        default=list, help_text="what that checker said: line, code, message, certain"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revisions",
                        to="curation.example",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="curation.revision",
                    ),
                ),
            ],
            options={
                "ordering": ["example_id", "number"],
            },
        ),
        migrations.AddField(
            model_name="example",
            name="head",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="curation.revision",
            ),
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                (
                    "query",
                    models.CharField(blank=True, help_text="status=needs_review&topic=gui", max_length=1000),
                ),
                (
                    "shared",
                    models.BooleanField(
                        default=False, help_text="everybody sees it; only its owner changes it"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="SecretWaiver",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "content_hash",
                    models.CharField(help_text="the text that was on the screen", max_length=64),
                ),
                ("rule", models.CharField(max_length=40)),
                ("line", models.PositiveIntegerField()),
                ("reason", models.TextField(max_length=2000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="secret_waivers",
                        to="curation.example",
                    ),
                ),
                (
                    "waived_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("manifest", models.TextField()),
                (
                    "report",
                    models.JSONField(
                        default=dict,
                        help_text="gate results and counts at freezing time; not part of the digest",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="MaskAudit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "tokenizer",
                    models.CharField(help_text="the base model's folder on the shelf", max_length=200),
                ),
                (
                    "tokenizer_digest",
                    models.CharField(help_text="SHA-256 of its tokenizer.json", max_length=64),
                ),
                ("template_version", models.CharField(max_length=20)),
                ("limit", models.PositiveIntegerField(help_text="tokens at which a row is cut")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting for a worker"),
                            ("running", "counting"),
                            ("done", "counted"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0, help_text="rows, of `total`")),
                ("total", models.PositiveIntegerField(default=0)),
                (
                    "result",
                    models.JSONField(
                        default=dict, help_text="by side: curation.domain.mask_audit.Tally.summary"
                    ),
                ),
                ("failure_message", models.TextField(blank=True)),
                ("attempt", models.PositiveIntegerField(default=0, help_text="how often it was claimed")),
                ("fence", models.PositiveIntegerField(default=0, help_text="grows with each claim")),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mask_audits",
                        to="curation.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="SnapshotConversation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "split",
                    models.CharField(
                        choices=[("train", "train"), ("validation", "validation")], max_length=12
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="curation.chatrecord",
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to="curation.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ["snapshot_id", "record__content_hash"],
            },
        ),
        migrations.CreateModel(
            name="SnapshotCorpusFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "split",
                    models.CharField(
                        choices=[("train", "train"), ("validation", "validation")], max_length=12
                    ),
                ),
                (
                    "corpus_file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="curation.corpusfile",
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corpus_files",
                        to="curation.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ["snapshot_id", "corpus_file__path"],
            },
        ),
        migrations.CreateModel(
            name="SnapshotDiff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "rules",
                    models.PositiveSmallIntegerField(
                        help_text="curation.domain.snapshot_diff.RULES that named them"
                    ),
                ),
                ("counts", models.JSONField(help_text="kind of text -> word -> how many")),
                ("settings", models.JSONField(help_text="what else differs: [name, before, after]")),
                (
                    "newer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="curation.snapshot"
                    ),
                ),
                (
                    "older",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="curation.snapshot"
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="SnapshotChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(help_text="1, 2, 3… by kind, then by path")),
                (
                    "kind",
                    models.CharField(help_text='a list of the manifest: "examples", "corpus"', max_length=40),
                ),
                ("words", models.CharField(help_text='what happened to it: "edited moved"', max_length=80)),
                ("path", models.CharField(max_length=300)),
                ("path_before", models.CharField(blank=True, help_text="of a renamed one", max_length=300)),
                ("hash_before", models.CharField(blank=True, max_length=64)),
                ("hash_after", models.CharField(blank=True, max_length=64)),
                ("split_before", models.CharField(blank=True, max_length=12)),
                ("split_after", models.CharField(blank=True, max_length=12)),
                (
                    "label_before",
                    models.CharField(blank=True, help_text="of a relabelled one", max_length=120),
                ),
                ("label_after", models.CharField(blank=True, max_length=120)),
                (
                    "terms_before",
                    models.CharField(
                        blank=True, help_text="licence and source of a relicensed one", max_length=300
                    ),
                ),
                ("terms_after", models.CharField(blank=True, max_length=300)),
                (
                    "diff",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="curation.snapshotdiff",
                    ),
                ),
            ],
            options={
                "ordering": ["diff_id", "position"],
            },
        ),
        migrations.CreateModel(
            name="SnapshotEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("path", models.CharField(max_length=200)),
                ("content_hash", models.CharField(max_length=64)),
                ("cluster", models.CharField(help_text="id shared by all near-duplicates", max_length=64)),
                (
                    "split",
                    models.CharField(
                        choices=[("train", "train"), ("validation", "validation")], max_length=12
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="curation.revision"
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="curation.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ["snapshot_id", "path"],
            },
        ),
        migrations.CreateModel(
            name="SnapshotGeneral",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "example",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="curation.generalexample",
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="general",
                        to="curation.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ["snapshot_id", "example__content_hash"],
            },
        ),
        migrations.CreateModel(
            name="TaskSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "digest",
                    models.CharField(help_text="curation.domain.tasks.digest", max_length=64, unique=True),
                ),
                (
                    "report",
                    models.JSONField(
                        default=dict,
                        help_text="gate results at freezing time; empty: shipped with the studio",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("path", models.CharField(max_length=200)),
                (
                    "pool",
                    models.CharField(
                        choices=[
                            ("holdout", "holdout, locked: totals only"),
                            ("triage", "triage pool: failures may be read"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "mark",
                    models.CharField(
                        choices=[
                            ("program", "a program, to be accepted"),
                            ("fragment", "a fragment, in no score"),
                            ("meant-to-fail", "meant to fail, to be refused"),
                        ],
                        default="program",
                        max_length=20,
                    ),
                ),
                ("text", models.TextField()),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "task_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="curation.taskset",
                    ),
                ),
            ],
            options={
                "ordering": ["task_set_id", "path"],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "through",
                    models.CharField(default="page", help_text="page, api, command or worker", max_length=10),
                ),
                (
                    "action",
                    models.CharField(
                        db_index=True, help_text='noun and verb: "review.approve"', max_length=60
                    ),
                ),
                ("subject_kind", models.CharField(blank=True, help_text='"example", "run"', max_length=40)),
                ("subject_id", models.BigIntegerField(null=True)),
                (
                    "subject",
                    models.CharField(
                        blank=True, help_text="what it was called then: gui/hello.md", max_length=300
                    ),
                ),
                (
                    "detail",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        help_text="what it takes to understand it, and to undo it",
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        help_text="empty: a command or a worker of the studio itself",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "undoes",
                    models.OneToOneField(
                        help_text="an earlier entry",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="curation.auditentry",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        fields=["subject_kind", "subject_id", "id"], name="curation_au_subject_287c0f_idx"
                    ),
                    models.Index(fields=["subject_kind", "id"], name="audit_kind"),
                    models.Index(fields=["actor", "id"], name="curation_au_actor_i_4b48d8_idx"),
                    models.Index(
                        condition=models.Q(("undoes__isnull", False)), fields=["undoes"], name="audit_undone"
                    ),
                    models.Index(
                        fields=["subject", "id"],
                        name="audit_subject_begins",
                        opclasses=["varchar_pattern_ops", "int8_ops"],
                    ),
                    models.Index(fields=["actor", "action"], name="curation_au_actor_i_a5756f_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChatRecordChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("chosen", models.BooleanField()),
                ("chosen_at", models.DateTimeField(auto_now_add=True)),
                (
                    "chosen_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="choices",
                        to="curation.chatrecord",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["record", "-id"], name="newest_choice_of_record")],
            },
        ),
        migrations.AddConstraint(
            model_name="corpusfile",
            constraint=models.UniqueConstraint(fields=("path", "number"), name="corpus_version_once"),
        ),
        migrations.AddIndex(
            model_name="corpusprogram",
            index=models.Index(fields=["licence", "path"], name="corpus_by_licence"),
        ),
        migrations.AddIndex(
            model_name="corpusprogram",
            index=models.Index(fields=["path", "source", "licence", "included"], name="corpus_by_path"),
        ),
        migrations.AddIndex(
            model_name="corpusprogram",
            index=models.Index(
                condition=models.Q(("included", False)), fields=["path"], name="corpus_taken_out"
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.UniqueConstraint(fields=("example", "reviewer"), name="assigned_once"),
        ),
        migrations.AddConstraint(
            model_name="exampletag",
            constraint=models.UniqueConstraint(fields=("example", "tag"), name="tag_once"),
        ),
        migrations.AddIndex(
            model_name="generalexample",
            index=models.Index(fields=["licence", "source"], name="general_by_licence"),
        ),
        migrations.AddIndex(
            model_name="importitem",
            index=models.Index(fields=["job", "change"], name="curation_im_job_id_d7fddd_idx"),
        ),
        migrations.AddConstraint(
            model_name="importitem",
            constraint=models.UniqueConstraint(fields=("job", "position"), name="import_position_once"),
        ),
        migrations.AddIndex(
            model_name="importproblem",
            index=models.Index(fields=["job", "code", "action"], name="curation_im_job_id_f19b45_idx"),
        ),
        migrations.AddIndex(
            model_name="importproblem",
            index=models.Index(fields=["job", "group"], name="curation_im_job_id_f6ffc0_idx"),
        ),
        migrations.AddIndex(
            model_name="labelmark",
            index=models.Index(fields=["example", "id"], name="curation_la_example_9f981c_idx"),
        ),
        migrations.AddConstraint(
            model_name="labelmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["import", "suggestion", "person"])),
                name="a_label_has_a_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="nearforms",
            constraint=models.UniqueConstraint(fields=("low", "high"), name="near_forms_once"),
        ),
        migrations.AddConstraint(
            model_name="nearforms",
            constraint=models.CheckConstraint(
                condition=models.Q(("low__lt", models.F("high"))), name="near_forms_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="openverdict",
            constraint=models.UniqueConstraint(fields=("reviewer", "example"), name="open_verdict_once"),
        ),
        migrations.AddIndex(
            model_name="pairjudgement",
            index=models.Index(fields=["first", "second"], name="curation_pa_first_i_2f9c46_idx"),
        ),
        migrations.AddConstraint(
            model_name="pairjudgement",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("second"))), name="judged_pair_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.UniqueConstraint(fields=("reviewer",), name="one_reservation_each"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                fields=["example", "content_hash", "reviewer"], name="curation_re_example_007f3f_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verdict__in", ["approve", "withdrawn"]),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="an_objection_has_a_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="revision",
            index=models.Index(fields=["author", "example"], name="curation_re_author__5428dd_idx"),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.UniqueConstraint(fields=("example", "number"), name="revision_number_once"),
        ),
        migrations.AddIndex(
            model_name="example",
            index=models.Index(fields=["status", "path"], name="curation_ex_status_5332e0_idx"),
        ),
        migrations.AddIndex(
            model_name="example",
            index=models.Index(
                fields=["status", "endorsed", "id", "verdict_count", "reviews_needed"], name="example_queue"
            ),
        ),
        migrations.AddIndex(
            model_name="example",
            index=models.Index(
                fields=[
                    "status",
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
                ],
                name="example_counts",
            ),
        ),
        migrations.AddIndex(
            model_name="example",
            index=models.Index(
                fields=[
                    "path",
                    "status",
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
                ],
                name="example_pages",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("owner", "name"), name="view_name_once"),
        ),
        migrations.AddConstraint(
            model_name="secretwaiver",
            constraint=models.UniqueConstraint(
                fields=("example", "content_hash", "rule", "line"), name="secret_waived_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="maskaudit",
            constraint=models.UniqueConstraint(
                fields=("snapshot", "tokenizer_digest", "template_version", "limit"), name="mask_audit_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotdiff",
            constraint=models.UniqueConstraint(fields=("older", "newer", "rules"), name="diff_once"),
        ),
        migrations.AddIndex(
            model_name="snapshotchange",
            index=models.Index(fields=["diff", "position", "kind", "words"], name="change_pages"),
        ),
        migrations.AddConstraint(
            model_name="snapshotchange",
            constraint=models.UniqueConstraint(fields=("diff", "position"), name="change_once"),
        ),
        migrations.AddConstraint(
            model_name="snapshotentry",
            constraint=models.UniqueConstraint(fields=("snapshot", "path"), name="path_once_per_snapshot"),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.UniqueConstraint(fields=("task_set", "path"), name="task_once_per_set"),
        ),
        migrations.RunPython(full_text.make, full_text.drop),
        migrations.RunPython(audit.refuse, audit.allow),
    ]
