from curation.models.duplicates import ComparedText, Comparison, NearForms, NormalForm, PairJudgement
from curation.models.examples import Draft, Example, Review, Revision
from curation.models.immutable import ImmutableRowError
from curation.models.imports import ChatRecord, ChatRecordChoice, ImportItem, ImportJob, ImportProblem
from curation.models.secrets import SecretWaiver
from curation.models.snapshots import (
    CorpusFile,
    Snapshot,
    SnapshotConversation,
    SnapshotCorpusFile,
    SnapshotEntry,
    Task,
    TaskSet,
)

__all__ = [
    "ChatRecord",
    "ChatRecordChoice",
    "ComparedText",
    "Comparison",
    "CorpusFile",
    "Draft",
    "Example",
    "ImmutableRowError",
    "ImportItem",
    "ImportJob",
    "ImportProblem",
    "NearForms",
    "NormalForm",
    "PairJudgement",
    "Review",
    "Revision",
    "SecretWaiver",
    "Snapshot",
    "SnapshotConversation",
    "SnapshotCorpusFile",
    "SnapshotEntry",
    "Task",
    "TaskSet",
]
