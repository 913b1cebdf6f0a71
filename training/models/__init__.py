from training.models.evaluations import Attempt, Evaluation
from training.models.runs import Artifact, GpuSlot, Run, RunEvent, Stage, WorkerSeen

__all__ = ["Artifact", "Attempt", "Evaluation", "GpuSlot", "Run", "RunEvent", "Stage", "WorkerSeen"]
