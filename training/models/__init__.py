from training.models.evaluations import Attempt, Evaluation, FailureDraft
from training.models.runs import Artifact, Run, RunEvent, Stage, WorkerSeen

__all__ = ["Artifact", "Attempt", "Evaluation", "FailureDraft", "Run", "RunEvent", "Stage", "WorkerSeen"]
