from curation.models.duplicates import ComparedText, Comparison, NearForms, NormalForm, PairJudgement
from curation.models.examples import Draft, Example, Review, Revision
from curation.models.immutable import ImmutableRowError
from curation.models.snapshots import CorpusFile, Snapshot, SnapshotCorpusFile, SnapshotEntry, Task, TaskSet

__all__ = [
    "ComparedText",
    "Comparison",
    "CorpusFile",
    "Draft",
    "Example",
    "ImmutableRowError",
    "NearForms",
    "NormalForm",
    "PairJudgement",
    "Review",
    "Revision",
    "Snapshot",
    "SnapshotCorpusFile",
    "SnapshotEntry",
    "Task",
    "TaskSet",
]
