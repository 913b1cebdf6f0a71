from __future__ import annotations

import hashlib
import json

from curation.domain.tasks import Member, changes, digest, manifest, pool_of, topic_of

ONE = Member("holdout", "holdout/one.md", "a" * 64)
TWO = Member("triage", "triage/two.md", "b" * 64)


def test_the_folder_of_a_path_says_the_pool():
    assert [pool_of(path) for path in ("holdout/a.md", "triage/a.md", "gui/a.md", "holdout", "")] == [
        "holdout",
        "triage",
        "",
        "",
        "",
    ]


def test_the_topic_is_the_first_tag_that_is_one():
    assert topic_of(["loops", "strings", "gui"]) == "strings"
    assert topic_of(["loops"]) == ""


def test_a_set_of_programs_keeps_the_digest_that_it_had_before_there_were_marks():
    rows = sorted([(one.pool, one.path, one.content_hash) for one in (TWO, ONE)])
    as_before = hashlib.sha256(
        json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()

    assert digest([TWO, ONE]) == as_before


def test_a_digest_follows_the_content_and_not_the_order():
    other = Member(ONE.pool, ONE.path, ONE.content_hash, "fragment")

    assert digest([ONE, TWO]) == digest([TWO, ONE])
    assert len({digest([ONE]), digest([ONE, TWO]), digest([other]), digest([])}) == 4
    assert json.loads(manifest([other])) == [["holdout", "holdout/one.md", "a" * 64, "fragment"]]


def test_what_changed_is_told_in_counts_a_pool():
    edited = Member("holdout", "holdout/one.md", "c" * 64)
    marked = Member("triage", "triage/two.md", "b" * 64, "meant-to-fail")
    new = Member("triage", "triage/three.md", "d" * 64)

    holdout, triage = changes([ONE, TWO], [edited, marked, new])

    assert (holdout.tasks, holdout.words) == (1, "1 edited")
    assert (triage.tasks, triage.words) == (2, "1 added, 1 marked otherwise")
    assert [change.words for change in changes([ONE, TWO], [TWO])] == ["1 removed", "unchanged"]
