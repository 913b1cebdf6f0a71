"""As the model sees it: one example token by token, and the loss mask of a whole dataset version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST, require_safe

from curation.domain import markdown
from curation.domain.loss_mask import Kind, Mask, Piece
from curation.forms.masks import MaskForm
from curation.models import MaskAudit, Revision, Snapshot
from curation.services import inspecting, masking
from curation.services.exports.frozen_texts import SPLITS
from curation.views.opening import open_example
from studio.http import SignedInRequest

MOST_SHOWN = 4_000  # tokens of each part
CHIPS = {"queued": "", "running": "busy", "done": "good", "failed": "bad", "cancelled": "warn"}
_SIGNS = {" ": "<i>·</i>", "\n": "<i>↵</i>\n", "\t": "<i>→</i>\t"}


@dataclass(frozen=True)
class Part:
    """A run of tokens of one kind; `html` has an element for each."""

    kind: Kind
    tokens: int
    html: SafeString
    left_out: int


@dataclass(frozen=True)
class NamedRow:
    """A row of an audit's list; without a revision it is a conversation."""

    path: str
    split: str
    lost: int | None
    revision: Revision | None


@require_safe
def revision_tokens(request: SignedInRequest, example_id: int, number: int) -> HttpResponse:
    """?tokenizer= is a base model's name, ?length= where a run cuts."""
    example = open_example(request, example_id, why=f"read the tokens of revision {number}")
    revision = get_object_or_404(Revision, example=example, number=number)
    shelf = masking.shelf()
    form = MaskForm(_with_defaults(request, shelf), shelf=shelf)
    context: dict[str, Any] = {"example": example, "revision": revision, "form": form, "shelf": shelf}
    valid = not shelf or form.is_valid()
    try:
        if valid:
            context |= _shown(example.path, revision.text, form.cleaned_data if shelf else {})
    except masking.NotMasked as reason:
        context["says"] = str(reason)
    return render(request, "curation/revision_tokens.html", context, status=200 if valid else 422)


def _with_defaults(request: SignedInRequest, shelf: list[Any]) -> dict[str, str]:
    """What the address says; what it leaves out is as the named base's recipe has it."""
    named = request.GET.get("tokenizer", "")
    base = next((one for one in shelf if one.name == named or not named), None)
    usual = {"tokenizer": base.name, "length": str(masking.usual_limit(base))} if base else {}
    return {**usual, **{name: request.GET[name] for name in ("tokenizer", "length") if request.GET.get(name)}}


def _shown(path: str, text: str, asked: dict[str, Any]) -> dict[str, Any]:
    tokenizer = masking.chosen(asked.get("tokenizer", ""))
    doc = markdown.parse(text, path=path).doc
    if doc is None:
        raise masking.NotMasked("This text breaks today's format, so nothing can be made of it.")
    made = masking.preview(doc, tokenizer=tokenizer, limit=asked["length"])
    return {"tokenizer": tokenizer, "mask": made.mask, "parts": _parts(made.pieces, made.mask)}


def _parts(pieces: Iterable[Piece], mask: Mask) -> list[Part]:
    by_kind: dict[Kind, list[Piece]] = {"prompt": [], "trained": [], "cut": []}
    for piece in pieces:
        by_kind[piece.kind].append(piece)
    return [_part(kind, held) for kind, held in by_kind.items() if held]


def _part(kind: Kind, pieces: list[Piece]) -> Part:
    element = {"prompt": "span", "trained": "mark", "cut": "del"}[kind]
    shown = "".join(f"<{element}>{_visible(piece.text)}</{element}>" for piece in pieces[:MOST_SHOWN])
    left_out = sum(piece.tokens for piece in pieces[MOST_SHOWN:])
    return Part(kind, sum(piece.tokens for piece in pieces), mark_safe(shown), left_out)


def _visible(text: str) -> str:
    """Escaped, with a sign for each blank, line end and tab."""
    return "".join(_SIGNS.get(letter) or escape(letter) for letter in text)


# A whole version


def mask_context(snapshot: Snapshot) -> dict[str, Any]:
    """What _snapshot_masks.html needs."""
    shelf = masking.shelf()
    return {
        "mask_audits": [(audit, CHIPS[audit.state]) for audit in inspecting.audits_of(snapshot)],
        "mask_form": MaskForm(shelf=shelf),
        "shelf": shelf,
    }


@require_POST
def mask_request(request: SignedInRequest, snapshot_id: int) -> HttpResponse:
    snapshot = get_object_or_404(Snapshot, pk=snapshot_id)
    form = MaskForm(request.POST, shelf=masking.shelf())
    if not form.is_valid():
        said = next(iter(form.errors.values()))[0]
        messages.error(request, f"Nothing is counted: {said}")
        return redirect("snapshot_page", snapshot.pk)
    try:
        audit = inspecting.request(
            snapshot=snapshot,
            tokenizer=masking.chosen(form.cleaned_data["tokenizer"]),
            limit=form.cleaned_data["length"],
            by=request.user,
        )
    except (inspecting.NotInspected, masking.NotMasked) as reason:
        messages.error(request, str(reason))
        return redirect("snapshot_page", snapshot.pk)
    return redirect("mask_page", audit.pk)


@require_safe
def mask_page(request: SignedInRequest, audit_id: int) -> HttpResponse:
    return render(request, "curation/mask_page.html", _live(_audit(audit_id)))


@require_safe
def mask_live(request: SignedInRequest, audit_id: int) -> HttpResponse:
    """Asked by the page every second while a worker counts."""
    return render(request, "curation/_mask_live.html", _live(_audit(audit_id)))


@require_POST
def mask_cancel(request: SignedInRequest, audit_id: int) -> HttpResponse:
    audit = _audit(audit_id)
    if not inspecting.cancel(audit, by=request.user):
        messages.info(request, "There was nothing to stop any more.")
    return redirect("mask_page", audit.pk)


def _audit(audit_id: int) -> MaskAudit:
    rows = MaskAudit.objects.select_related("snapshot", "requested_by")
    return get_object_or_404(rows, pk=audit_id)


def _live(audit: MaskAudit) -> dict[str, Any]:
    sides = {split: audit.result[split] for split in SPLITS if split in audit.result}
    for side in sides.values():
        side["share"] = round(100 * side["trained"] / side["kept"]) if side["kept"] else 0
    named = {
        "silent_rows": [(path, split, None) for split in sides for path in sides[split]["silent_rows"]],
        **{
            kind: [(path, split, lost) for split in sides for path, lost in sides[split][kind]]
            for kind in ("endless_rows", "cut_rows")
        },
    }
    paths = {path for rows in named.values() for path, _, _ in rows}
    entries = audit.snapshot.entries.filter(path__in=paths).select_related("revision") if paths else ()
    revisions = {entry.path: entry.revision for entry in entries}
    return {
        "audit": audit,
        "chip": CHIPS[audit.state],
        "active": audit.state in ("queued", "running"),
        "percent": 100 * audit.done // audit.total if audit.total and audit.state == "running" else None,
        "sides": sides.items(),
        "verdict": _verdict(inspecting.totals(audit)),
        **{kind: [NamedRow(*row, revisions.get(row[0])) for row in rows] for kind, rows in named.items()},
    }


def _verdict(total: dict[str, int]) -> tuple[str, str]:
    """A class of notice, and what the figures mean in a sentence."""
    if total["silent"]:
        return "bad", (
            f"{total['silent']} of {total['rows']} rows teach nothing: their prompt alone fills the length. "
            "Training refuses such a run. Take a larger length, or shorten these examples."
        )
    if total["endless"]:
        return "warn", (
            f"{total['endless']} of {total['rows']} rows lose the end of their answer, so the model is not "
            "taught to stop there. Take a larger length, or shorten these examples."
        )
    return "good", f"Each of the {total['rows']} rows trains its answer and the token that ends it."
