"""The identity of a dataset version: a canonical manifest and its digest, equal on every machine."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MANIFEST_VERSION = 1


@dataclass(frozen=True, order=True)
class Member:
    """An example's text, or that of another kind, inside a dataset version."""

    path: str
    content_hash: str
    cluster: str
    split: str
    licence: str = ""
    source: str = ""


def build_manifest(
    members: Iterable[Member],
    corpus: Iterable[Member],
    conversations: Iterable[Member] = (),
    general: Iterable[Member] = (),
    *,
    template_version: str,
    seed: int,
    policy: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything a dataset version is made of, in an order that does not depend on the database.

    Args:
        template_version: Which ChatML wording the export uses.
        policy: The thresholds and shares the version was frozen with; JSON values only.
    """
    manifest = {
        "manifest_version": MANIFEST_VERSION,
        "template_version": template_version,
        "seed": seed,
        "policy": dict(policy),
        "examples": [_entry(member) for member in sorted(members)],
        "corpus": [_entry(member) for member in sorted(corpus)],
    }
    if rows := [_entry(member) for member in sorted(conversations)]:
        manifest["conversations"] = rows  # only where there are any: older versions keep their digest
    if rows := [_entry(member) for member in sorted(general)]:
        manifest["general"] = rows
    return manifest


def canonical(manifest: Mapping[str, Any]) -> str:
    """One spelling a content: sorted keys, no blanks, UTF-8 text, no NaN, no newline at the end."""
    return json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical text, in hex."""
    return digest_of(canonical(manifest))


def digest_of(text: str) -> str:
    """The same of a manifest that is canonical text already."""
    return hashlib.sha256(text.encode()).hexdigest()


def without_examples(text: str) -> dict[str, Any]:
    """All of a canonical manifest but its examples, which are nearly all of its characters.

    A quotation mark inside a text is escaped, so these marks stand only where a key does.
    """
    start = text.index('"examples":[')
    end = next(p for key in ('"general":[', '"manifest_version":') if (p := text.find(key, start)) > 0)
    rest: dict[str, Any] = json.loads(text[:start] + text[end:])
    return rest


def licences(manifest: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Kind of text -> licence -> how many texts are under it; "" is not known. Examples have none."""
    return {
        kind: dict(sorted(Counter(entry.get("licence", "") for entry in manifest[kind]).items()))
        for kind in ("corpus", "general")
        if manifest.get(kind)
    }


def split_counts(manifest: Mapping[str, Any]) -> dict[str, int]:
    """How many examples are in each split."""
    return dict(Counter(entry["split"] for entry in manifest["examples"]))


def _entry(member: Member) -> dict[str, str]:
    entry = {
        "path": member.path,
        "content_hash": member.content_hash,
        "cluster": member.cluster,
        "split": member.split,
    }
    terms = {"licence": member.licence, "source": member.source}
    return entry | {name: said for name, said in terms.items() if said}  # older versions keep their digest
