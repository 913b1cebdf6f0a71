"""Two members of a cluster for a page: what they have in common, how they differ, what each decision does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from curation.domain import likeness, markdown
from curation.domain.resolution import Cluster
from curation.forms.duplicates import KIND_WORDS
from curation.models import Example
from curation.services import resolving, surveying
from curation.services.surveying import Landscape
from curation.views.diffing import shown_diff

MOST_MEMBERS = 60  # of a cluster that are shown and can be set aside at once
MOST_OF_A_TEMPLATE = 10  # that are named
MEANING = {
    "identical": "Every word and every character of code is the same.",
    "formatting": "Only case, layout, comments or line numbers differ.",
    "same-pair": "A model is asked the same and learns the same; only the text around it differs.",
    "renamed": "The code is the same but for its own names.",
    "same-code": "The code is the same to the token, and the question is another one.",
    "same-prompt": "The question is the same and the answers differ: a model would learn both.",
    "near": "Much of the wording or of the code is the same.",
}


@dataclass(frozen=True)
class Side:
    """An example on one side of the page. `others` are those that keeping it sets aside."""

    example: Example
    status: str
    checked: str  # what the check said when the text was stored, in words
    others: list[Example]

    @property
    def texts(self) -> list[str]:
        """The hidden fields of the form that keeps it: which texts were on the screen."""
        return [f"{one.pk}:{one.content_hash}" for one in (self.example, *self.others)]


def pair_context(
    land: Landscape, cluster: Cluster, threshold: float, *, left: int, right: int
) -> dict[str, Any]:
    """What duplicate_cluster.html needs. An id that is no member is as if it were not asked for."""
    ranked = surveying.by_worth(cluster.members)
    shown = {example.pk: example for example in ranked[:MOST_MEMBERS]}
    one = shown.get(left, ranked[0])
    others = [pk for pk in shown if pk != one.pk]
    near = set(land.near(one.pk, threshold))
    other = shown[right if right in others else next((pk for pk in others if pk in near), others[0])]
    alike, kind = land.alike(one.pk, other.pk), land.kind(one.pk, other.pk)
    texts = [example.head.text if example.head else "" for example in (one, other)]
    prints = land.texts[one.pk].print, land.texts[other.pk].print
    pairs, direct = len(shown) * (len(shown) - 1) // 2, surveying.direct_pairs(land, list(shown), threshold)
    return {
        "members": [(example, land.alike(one.pk, example.pk)) for example in shown.values()],
        "size": len(ranked),
        "more": len(ranked) - len(shown),
        "suggested": ranked[0],
        "left": _side(land, one, shown, threshold),
        "right": _side(land, other, shown, threshold),
        "following": others[(others.index(other.pk) + 1) % len(others)] if len(others) > 1 else None,
        "alike": alike,
        "near_enough": other.pk in near,
        "kind_word": KIND_WORDS[kind],
        "meaning": MEANING[kind],
        "renames": likeness.renames(*map(_code, texts)) if kind == "renamed" else [],
        "template": kind == "near" and likeness.same_template(*prints),
        "templates": surveying.same_template(one).exclude(pk__in=shown)[:MOST_OF_A_TEMPLATE],
        "chain": {"direct": direct, "pairs": pairs} if direct < pairs else None,
        "diff": shown_diff(*texts),
    }


def _side(land: Landscape, example: Example, shown: dict[int, Example], threshold: float) -> Side:
    """Keeping an example sets aside what is near to it itself, and nothing that only a chain leads to."""
    near = [shown[pk] for pk in land.near(example.pk, threshold) if pk in shown]
    revision = example.head
    assert revision
    certain = sum(found["certain"] for found in revision.findings)
    checked = f"{certain} certain finding{'s' if certain > 1 else ''}" if certain else "nothing certain found"
    return Side(
        example,
        example.status,
        f"{checked} ({revision.checker})" if revision.checker else "not checked",
        near[: resolving.MOST_SET_ASIDE],
    )


def _code(text: str) -> str:
    return "\n".join(file.code for file in markdown.parse(text, path="").code_files)
