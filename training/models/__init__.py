from training.models.evaluations import Attempt, Evaluation
from training.models.runs import Artifact, Run, RunEvent, Stage, WorkerSeen

__all__ = ["Artifact", "Attempt", "Evaluation", "Run", "RunEvent", "Stage", "WorkerSeen"]
