from curation.models.examples import Draft, Example, Review, Revision
from curation.models.immutable import ImmutableRowError
from curation.models.snapshots import CorpusFile, Snapshot, SnapshotCorpusFile, SnapshotEntry, Task, TaskSet

__all__ = [
    "CorpusFile",
    "Draft",
    "Example",
    "ImmutableRowError",
    "Review",
    "Revision",
    "Snapshot",
    "SnapshotCorpusFile",
    "SnapshotEntry",
    "Task",
    "TaskSet",
]
