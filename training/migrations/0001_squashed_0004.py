"""What 0001 to 0004 make together, in one step (docs/decisions/0041-one-first-migration.md)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("training", "0001_initial"),
        ("training", "0002_attempt_conformance"),
        ("training", "0003_keep_resume_replicates"),
        ("training", "0004_gpu_slots"),
    ]

    dependencies = [
        ("curation", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkerSeen",
            fields=[
                ("queue", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Artifact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("adapter_pretrain", "adapter after stage 1"),
                            ("adapter", "adapter after stage 2"),
                            ("merged", "merged model"),
                            ("gguf_f16", "GGUF F16"),
                            ("gguf_q8_0", "GGUF Q8_0"),
                            ("gguf_q4_k_m", "GGUF Q4_K_M"),
                            ("gguf_q4_0", "GGUF Q4_0"),
                            ("gguf_q2_k", "GGUF Q2_K"),
                            ("modelfile", "Ollama Modelfile"),
                            ("model_card", "model card"),
                        ],
                        max_length=20,
                    ),
                ),
                ("file_name", models.CharField(help_text="the name a download gets", max_length=200)),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("size_bytes", models.BigIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="training.artifact",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("recipe_name", models.CharField(max_length=40)),
                ("recipe", models.JSONField(help_text="frozen with the run: every value of every stage")),
                ("seed", models.PositiveIntegerField(default=13)),
                ("code_version", models.CharField(blank=True, max_length=80)),
                ("idempotency_key", models.CharField(max_length=80, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting for a worker"),
                            ("running", "running"),
                            ("succeeded", "finished"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                            ("lost", "worker lost"),
                        ],
                        db_index=True,
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0, help_text="how often it was claimed")),
                (
                    "owner",
                    models.CharField(
                        blank=True, help_text="host:pid of the supervisor that holds it", max_length=120
                    ),
                ),
                (
                    "fence",
                    models.PositiveIntegerField(
                        default=0, help_text="grows with each claim; a write with an old fence is refused"
                    ),
                ),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                (
                    "not_before",
                    models.DateTimeField(blank=True, help_text="a requeued run waits until then", null=True),
                ),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                (
                    "keep_requested_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="somebody wants the stage to end now and its adapter to be used",
                        null=True,
                    ),
                ),
                (
                    "group",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        help_text="shared by runs that differ in the seed alone",
                        max_length=80,
                    ),
                ),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "goes_on_from",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gone_on_as",
                        to="training.run",
                    ),
                ),
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
                        related_name="runs",
                        to="curation.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="GpuSlot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(help_text="host and GPU numbers", max_length=120, unique=True)),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="slots",
                        to="training.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "config",
                    models.JSONField(
                        help_text="decoding, token limit, template, runtime build, checker, flags, time limits"
                    ),
                ),
                ("config_hash", models.CharField(db_index=True, max_length=64)),
                (
                    "checker",
                    models.CharField(
                        choices=[("bbjcpl", "bbjcpl"), ("offline", "offline check")], max_length=20
                    ),
                ),
                ("checker_build", models.CharField(max_length=120)),
                (
                    "controls",
                    models.JSONField(
                        default=dict, help_text="known good, known bad, gold answers: what the checker said"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "artifact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evaluations",
                        to="training.artifact",
                    ),
                ),
                (
                    "task_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evaluations",
                        to="curation.taskset",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evaluations",
                        to="training.run",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="artifact",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="artifacts", to="training.run"
            ),
        ),
        migrations.CreateModel(
            name="RunEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("who", models.CharField(max_length=150)),
                ("what", models.CharField(max_length=300)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="training.run"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Stage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting for a worker"),
                            ("running", "running"),
                            ("succeeded", "finished"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                            ("lost", "worker lost"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("input_digest", models.CharField(blank=True, max_length=64)),
                ("result", models.JSONField(default=dict)),
                ("failure_code", models.CharField(blank=True, max_length=30)),
                ("failure_message", models.TextField(blank=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="stages", to="training.run"
                    ),
                ),
            ],
            options={
                "ordering": ["run_id", "position"],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sample", models.PositiveSmallIntegerField(help_text="0, 1, … within the task")),
                ("seed", models.PositiveBigIntegerField()),
                ("prompt", models.JSONField(help_text="the messages that were sent")),
                ("raw_output", models.TextField(blank=True)),
                ("code", models.TextField(blank=True)),
                (
                    "extraction",
                    models.CharField(blank=True, help_text="which rule found the code", max_length=30),
                ),
                ("finish_reason", models.CharField(blank=True, max_length=20)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("compiled", "accepted"),
                            ("compile_error", "refused"),
                            ("compile_timeout", "checker timed out"),
                            ("no_code", "no code in the answer"),
                            ("truncated", "cut at the token limit"),
                            ("infrastructure", "not judged"),
                        ],
                        db_index=True,
                        max_length=20,
                    ),
                ),
                (
                    "checker_output",
                    models.TextField(
                        blank=True, help_text="raw text of the compiler, or the offline findings"
                    ),
                ),
                ("duration_s", models.FloatField(default=0)),
                (
                    "asked",
                    models.JSONField(default=list, help_text="the generations that the task asked for"),
                ),
                (
                    "produced",
                    models.JSONField(
                        default=list, help_text="the generations that the traces in the code suggest"
                    ),
                ),
                (
                    "conformance",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("conforms", "as asked"),
                            ("differs", "another generation"),
                            ("cannot tell", "cannot tell"),
                            ("no code", "no code to judge"),
                        ],
                        help_text="empty: scored before this was recorded",
                        max_length=12,
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="curation.task",
                    ),
                ),
                (
                    "evaluation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="training.evaluation",
                    ),
                ),
            ],
            options={
                "ordering": ["evaluation_id", "task__path", "sample"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("evaluation", "task", "sample"), name="attempt_once_per_sample"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="artifact",
            constraint=models.UniqueConstraint(
                fields=("run", "kind", "sha256"), name="artifact_once_per_run"
            ),
        ),
        migrations.AddConstraint(
            model_name="stage",
            constraint=models.UniqueConstraint(fields=("run", "name"), name="stage_once_per_run"),
        ),
    ]
