"""What each refusal of a service is for a program: a kind of curation.api.problems. Its message stays."""

from __future__ import annotations

from curation.services import (
    assigning,
    authoring,
    bookmarking,
    bulk_editing,
    choosing,
    commenting,
    drafting,
    exporting,
    labelling,
    measuring,
    mending,
    resolving,
    reviewing,
    revising,
    snapshotting,
    undoing,
    uploading,
    waiving,
)

REFUSALS: dict[type[Exception], str] = {
    assigning.NotAssigned: "conflict",
    authoring.OtherText: "stale",
    bookmarking.NotSaved: "conflict",
    bulk_editing.Refused: "conflict",
    commenting.NotCommented: "conflict",
    choosing.NotChosen: "conflict",
    drafting.DraftTooLong: "invalid",
    exporting.ExportRefused: "conflict",
    labelling.LabelRefused: "conflict",
    measuring.NotMeasured: "conflict",
    mending.DecisionRefused: "conflict",
    resolving.Refused: "conflict",
    reviewing.OwnWork: "own-work",
    reviewing.ReasonMissing: "invalid",
    reviewing.StaleReview: "stale",
    reviewing.Refused: "conflict",
    revising.RestoreRefused: "conflict",
    snapshotting.FreezeRefused: "conflict",
    undoing.CannotUndo: "conflict",
    uploading.UploadRefused: "invalid",
    waiving.WaiverRefused: "conflict",
}
