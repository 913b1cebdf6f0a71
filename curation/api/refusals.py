"""What each refusal of a service is for a program: a kind of curation.api.problems. Its message stays."""

from __future__ import annotations

from curation.services import (
    authoring,
    choosing,
    commenting,
    drafting,
    exporting,
    labelling,
    mending,
    resolving,
    reviewing,
    revising,
    snapshotting,
    uploading,
    waiving,
)

REFUSALS: dict[type[Exception], str] = {
    authoring.OtherText: "stale",
    commenting.NotCommented: "conflict",
    choosing.NotChosen: "conflict",
    drafting.DraftTooLong: "invalid",
    exporting.ExportRefused: "conflict",
    labelling.LabelRefused: "conflict",
    mending.DecisionRefused: "conflict",
    resolving.Refused: "conflict",
    reviewing.OwnWork: "own-work",
    reviewing.ReasonMissing: "invalid",
    reviewing.StaleReview: "stale",
    reviewing.Refused: "conflict",
    revising.RestoreRefused: "conflict",
    snapshotting.FreezeRefused: "conflict",
    uploading.UploadRefused: "invalid",
    waiving.WaiverRefused: "conflict",
}
