from curation.models.audit import AuditEntry
from curation.models.corpus import CorpusFile, CorpusProgram, GeneralChoice, GeneralExample
from curation.models.duplicates import (
    ComparedCode,
    ComparedText,
    Comparison,
    NearForms,
    NormalForm,
    PairJudgement,
)
from curation.models.examples import Draft, Example, ExampleTag, ExampleWords, Revision
from curation.models.freeze_jobs import FreezeJob
from curation.models.immutable import ImmutableRowError
from curation.models.imports import ChatRecord, ChatRecordChoice, ImportItem, ImportJob, ImportProblem
from curation.models.lists import SavedView
from curation.models.marks import LabelMark
from curation.models.mask_audits import MaskAudit
from curation.models.reviews import Assignment, Comment, OpenVerdict, Reservation, Review
from curation.models.secrets import SecretWaiver
from curation.models.snapshot_diffs import SnapshotChange, SnapshotDiff
from curation.models.snapshots import (
    Snapshot,
    SnapshotConversation,
    SnapshotCorpusFile,
    SnapshotEntry,
    SnapshotGeneral,
)
from curation.models.tasks import Task, TaskSet

__all__ = [
    "Assignment",
    "AuditEntry",
    "ChatRecord",
    "ChatRecordChoice",
    "Comment",
    "ComparedCode",
    "ComparedText",
    "Comparison",
    "CorpusFile",
    "CorpusProgram",
    "Draft",
    "Example",
    "ExampleTag",
    "ExampleWords",
    "FreezeJob",
    "GeneralChoice",
    "GeneralExample",
    "ImmutableRowError",
    "ImportItem",
    "ImportJob",
    "ImportProblem",
    "LabelMark",
    "MaskAudit",
    "NearForms",
    "NormalForm",
    "OpenVerdict",
    "PairJudgement",
    "Reservation",
    "Review",
    "Revision",
    "SavedView",
    "SecretWaiver",
    "Snapshot",
    "SnapshotChange",
    "SnapshotConversation",
    "SnapshotCorpusFile",
    "SnapshotDiff",
    "SnapshotEntry",
    "SnapshotGeneral",
    "Task",
    "TaskSet",
]
