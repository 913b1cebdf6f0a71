from training.models.evaluations import Attempt, Evaluation
from training.models.probes import Probe
from training.models.runs import Artifact, GpuSlot, Run, RunEvent, Stage, WorkerSeen

__all__ = ["Artifact", "Attempt", "Evaluation", "GpuSlot", "Probe", "Run", "RunEvent", "Stage", "WorkerSeen"]
