"""What each refusal of a service is for a program: a kind of curation.api.problems. Its message stays."""

from __future__ import annotations

from training.services import (
    assembling,
    cancelling,
    launching,
    packaging,
    probing,
    queueing,
    resuming,
    triaging,
)

REFUSALS: dict[type[Exception], str] = {
    cancelling.AlreadyFinished: "conflict",
    cancelling.NothingToKeep: "conflict",
    queueing.NotWaiting: "conflict",
    resuming.CannotResume: "conflict",
    launching.PreflightRefused: "conflict",
    probing.NotMeasured: "conflict",
    assembling.FreezeRefused: "conflict",
    packaging.NoFile: "not-found",
    triaging.NotForDrafting: "conflict",
}
