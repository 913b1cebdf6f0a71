"""Working on examples with others through the API: queue, second reviewers, labels, drafts, saved views."""

from __future__ import annotations

from curation.models import Assignment, AuditEntry, Example, Reservation
from curation.services import drafting, standing
from tests import makers
from tests.app.api.test_reviews import match


def test_two_reviewers_are_never_given_the_same_example(program):
    first, second = program("reviewer"), program("reviewer")
    examples = {makers.example().pk for _ in range(2)}

    given = [one.post("/queue/next", {}).json()["example"]["id"] for one in (first, second)]
    third = program("reviewer").post("/queue/next", {})
    first.delete("/queue")

    assert set(given) == examples
    assert (third.status_code, third.content) == (204, b"")
    assert Reservation.objects.count() == 1


def test_the_queue_is_worked_through_by_its_answers(reviewer):
    for _ in range(3):
        makers.example()

    seen = []
    answer = reviewer.post("/queue/next", {})
    while answer.status_code == 200:
        example = answer.json()["example"]
        seen.append((answer.json()["number"], answer.json()["of"]))
        reviewer.post(
            f"/examples/{example['id']}/reviews",
            {"verdict": "approve"},
            If_Match=f'"{example["content_hash"]}"',
        )
        answer = reviewer.post("/queue/next", {"after": example["id"]})

    assert seen == [(1, 3), (1, 2), (1, 1)]
    assert Example.objects.approved().count() == 3


def test_what_somebody_did_last_is_taken_back_once(reviewer):
    example = makers.example()
    reviewer.post(f"/examples/{example.pk}/reviews", {"verdict": "approve"}, If_Match=match(example))

    last = reviewer.get("/undo").json()
    undone = reviewer.post("/undo", {"entry": last["entry"]})
    again = reviewer.post("/undo", {"entry": last["entry"]})

    assert last["says"] == f"approved {example.path}"
    assert (undone.status_code, undone.json()["examples"]) == (200, [example.pk])
    assert again.status_code == 409
    assert reviewer.get(f"/examples/{example.pk}").json()["status"] == "needs_review"
    assert reviewer.get("/undo").json() == {"entry": None, "says": ""}


def test_nobody_takes_back_what_others_did(program):
    example = makers.example()
    first, second = program("reviewer"), program("reviewer")
    first.post(f"/examples/{example.pk}/reviews", {"verdict": "approve"}, If_Match=match(example))

    assert second.post("/undo", {"entry": first.get("/undo").json()["entry"]}).status_code == 404


def test_reviewers_are_asked_and_a_disagreement_is_settled(program):
    example = makers.example()
    maintainer, first, second = program("maintainer"), program("reviewer"), program("reviewer")
    names = [first.user.get_username(), second.user.get_username()]
    asked = {"examples": [example.pk], "reviewers": names}

    assigned = maintainer.post("/assignments", asked)
    maintainer.post("/reviews-needed", {"examples": [example.pk], "needed": 2})
    place = f"/examples/{example.pk}/reviews"
    first.post(place, {"verdict": "approve"}, If_Match=match(example))
    second.post(place, {"verdict": "reject", "reason": "no code"}, If_Match=match(example))
    disputes = [row["id"] for row in maintainer.get("/disputes").json()["items"]]
    own = first.get("/disputes").json()["items"]
    settled = maintainer.post(
        place, {"verdict": "approve", "reason": "it has", "adjudicates": True}, If_Match=match(example)
    )

    assert set(names) <= set(maintainer.get("/reviewers").json())
    assert (assigned.json(), Assignment.objects.count()) == ({"added": 2, "there": 0, "own": 0}, 2)
    assert (disputes, own, settled.status_code) == ([example.pk], [], 201)
    assert maintainer.get(place).json()["status"] == "approved"
    assert maintainer.post("/assignments/remove", asked).json() == {"removed": 2}
    assert AuditEntry.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="review.").exclude(through="api").exists()


def test_a_reviewer_fixes_a_label_or_a_text_and_another_person_confirms(program):
    reviewer, other = program("reviewer"), program("reviewer")
    example = makers.example()

    relabelled = reviewer.post(
        f"/examples/{example.pk}/relabel", {"generations": ["dwc"]}, If_Match=match(example)
    )
    draft = reviewer.post(f"/examples/{example.pk}/mend").json()
    text = draft["text"].replace("copper", "silver")
    mended = reviewer.put(
        f"/examples/{example.pk}", {"text": text, "draft": draft["id"]}, If_Match=relabelled["ETag"]
    )
    own = reviewer.post(f"/examples/{example.pk}/reviews", {"verdict": "approve"}, If_Match=mended["ETag"])
    confirmed = other.post(f"/examples/{example.pk}/reviews", {"verdict": "approve"}, If_Match=mended["ETag"])

    assert (relabelled.json()["generations"], draft["mends"]) == (["dwc"], True)
    assert (mended.status_code, own.status_code, confirmed.status_code) == (200, 403, 201)
    assert Example.objects.get().endorsed


def test_a_draft_is_merged_with_what_somebody_saved_meanwhile(author):
    example = makers.example()
    before = author.get(f"/examples/{example.pk}").json()["text"]
    draft = drafting.keep(
        drafting.draft_of(author=author.user, example=example), text=before.replace("basic", "advanced", 1)
    )
    theirs = makers.edited(example, before + "\nOne more sentence.\n")

    sides = author.get(f"/drafts/{draft.pk}/merge").json()
    merged = "\n".join(
        line for piece in sides["pieces"] for line in piece["mine" if piece["kind"] == "mine" else "theirs"]
    )
    body = {"text": merged, "theirs_hash": sides["theirs_hash"]}
    late = author.post(f"/drafts/{draft.pk}/merge", {**body, "theirs_hash": "0" * 64})
    saved = author.post(f"/drafts/{draft.pk}/merge", body)

    assert (sides["base"], sides["theirs_hash"]) == (before, theirs.content_hash)
    assert {piece["kind"] for piece in sides["pieces"]} == {"unchanged", "mine", "theirs"}
    assert (late.status_code, saved.status_code) == (412, 200)
    assert saved.json()["difficulty"] == "advanced"
    assert "One more sentence." in saved.json()["text"]
    assert author.get("/drafts").json()["items"] == []


def test_views_are_saved_shared_and_deleted_by_their_owner(program):
    owner, other = program("author"), program("author")

    empty = owner.post("/views", {"name": "all", "query": "page=3"})
    saved = owner.post("/views", {"name": "mine", "query": "status=needs_review&nonsense=1"})
    place = f"/views/{saved.json()['id']}"
    hidden = other.get("/views").json()
    owner.put(place, {"name": "ours", "shared": True})

    assert (empty.status_code, saved.json()["query"], hidden) == (422, "status=needs_review", [])
    assert [view["name"] for view in other.get("/views").json()] == ["ours"]
    assert (other.delete(place).status_code, owner.delete(place).status_code) == (404, 204)


def test_what_waits_is_counted(program):
    reviewer, author = program("reviewer"), program("author")
    example = makers.example(author=author.user)
    makers.review(example, "request_changes")
    makers.example()
    drafting.new_draft(author=author.user, text="rem")
    standing.refresh([example.pk])

    assert reviewer.get("/waiting").json()["to_review"] == 1
    mine = author.get("/waiting").json()
    assert (mine["to_review"], mine["sent_back"], mine["drafts"]) == (0, 1, 1)


def test_the_commonest_tags_come_first(author):
    for n, tags in enumerate(["loud, brass", "loud"]):
        text = makers.example_text(f"Tagged {n}")
        makers.example(text=text.replace("difficulty: basic", f"difficulty: basic\ntags: [{tags}]"))

    assert author.get("/tags?limit=1").json() == [{"tag": "loud", "examples": 2}]


def test_tokens_of_a_text_are_counted_or_it_says_why_not(author):
    answer = author.post("/texts/length", {"text": makers.example_text()})

    assert answer.status_code == 200 or "No tokenizer is below" in answer.json()["detail"]
