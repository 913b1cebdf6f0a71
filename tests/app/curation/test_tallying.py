"""How many near-duplicates an example has stands beside it, and follows what changes."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from curation.models import Comparison, Example
from curation.services import comparing, resolving, surveying, tallying
from tests import makers


def counted() -> dict[str, int]:
    return dict(Example.objects.values_list("path", "near_count"))


def surveyed() -> dict[str, int]:
    """The same, derived from everything at once."""
    found = dict.fromkeys(Example.objects.values_list("path", flat=True), 0)
    for cluster in surveying.landscape().clusters(surveying.DEFAULT):
        for example in Example.objects.filter(pk__in=cluster.members):
            found[example.path] = len(cluster.members) - 1
    return found


def test_the_count_follows_texts_decisions_and_verdicts(reviewer):
    text = makers.example_text("The same")
    a, b, c = (makers.example(f"gui/{name}.md", text) for name in "abc")
    comparing.compare()
    assert counted() == {"gui/a.md": 2, "gui/b.md": 2, "gui/c.md": 2}

    texts = {one.pk: one.content_hash for one in (a, b)}
    action = resolving.keep(kept=a, others=[b], texts=texts, judge=reviewer)
    comparing.compare()
    assert counted() == surveyed() == {"gui/a.md": 1, "gui/b.md": 0, "gui/c.md": 1}
    resolving.undo(action=action, judge=reviewer)
    comparing.compare()
    assert counted() == surveyed() == {"gui/a.md": 2, "gui/b.md": 2, "gui/c.md": 2}

    makers.review(c, "reject")
    comparing.compare()
    assert counted() == surveyed() == {"gui/a.md": 1, "gui/b.md": 1, "gui/c.md": 0}

    makers.edited(b, makers.example_text("Something else"))
    comparing.compare()
    assert counted() == surveyed() == dict.fromkeys(["gui/a.md", "gui/b.md", "gui/c.md"], 0)
    makers.edited(b, text)  # this text is prepared already
    comparing.compare()
    assert counted()["gui/b.md"] == 1
    assert Comparison.objects.get().clusters == 1


def test_nothing_is_counted_while_nothing_changes(db):
    makers.example()
    comparing.compare()

    assert not tallying.is_due()
    makers.example()
    assert tallying.is_due()


def test_a_count_that_takes_long_rests_before_the_next(db):
    makers.example()
    comparing.compare()
    Comparison.objects.update(tally_s=30)
    makers.example()

    assert not tallying.is_due()
    Comparison.objects.update(tallied_at=F("tallied_at") - timedelta(seconds=301))
    assert tallying.is_due()
