"""Imported conversations that fit no example: a second person chooses them, a dataset version takes them."""

import hashlib
import json

import pytest
from django.urls import reverse

from curation.models import ChatRecord, SnapshotConversation
from curation.services import choosing, exporting, importing, snapshotting
from tests import makers


def conversation(
    author, prompt="Which file types does BBj know?", answer="Keyed, indexed, direct and others."
):
    text = json.dumps(["", prompt, answer])
    return ChatRecord.objects.create(
        prompt=prompt,
        answer=answer,
        content_hash=hashlib.sha256(text.encode()).hexdigest(),
        why="The answer holds no code.",
        origin="import:1:7",
        author=author,
    )


def exported(frozen, name):
    file, _ = exporting.made(frozen, name)
    with file:
        return file.read().decode()


def test_nobody_chooses_what_they_imported(maintainer, reviewer):
    record = conversation(maintainer)

    with pytest.raises(choosing.NotChosen, match="somebody else"):
        choosing.choose(records=[record], by=maintainer, chosen=True)
    assert choosing.chosen_conversations() == []


def test_the_last_word_on_a_conversation_counts(maintainer, reviewer):
    record = conversation(maintainer)

    assert choosing.choose(records=[record], by=reviewer, chosen=True) == 1
    assert choosing.choose(records=[record], by=reviewer, chosen=True) == 0
    assert choosing.chosen_conversations() == [record]
    assert choosing.choose(records=[record], by=reviewer, chosen=False) == 1
    assert choosing.chosen_conversations() == []


def test_a_conversation_with_a_secret_is_not_chosen_and_the_secret_is_not_repeated(maintainer, reviewer):
    key = "-----BEGIN RSA " + "PRIVATE KEY-----"
    record = conversation(maintainer, answer=f"Write {key} into the file.")

    with pytest.raises(choosing.NotChosen, match="private key") as refused:
        choosing.choose(records=[conversation(maintainer, "Another?"), record], by=reviewer, chosen=True)
    assert key not in str(refused.value)
    assert choosing.chosen_conversations() == []


def test_a_dataset_version_takes_chosen_conversations_and_older_ones_keep_their_digest(maintainer, reviewer):
    for _ in range(3):
        makers.approved()
    before = makers.freeze(name="v1", author=maintainer)
    record = conversation(maintainer)
    assert makers.freeze(name="v1-again", author=maintainer) == before

    choosing.choose(records=[record], by=reviewer, chosen=True)
    after = makers.freeze(name="v2", author=maintainer)

    assert after.digest != before.digest
    assert snapshotting.recomputed_digest(before) == before.digest
    assert "conversations" not in snapshotting.manifest_of(before)
    (entry,) = snapshotting.manifest_of(after)["conversations"]
    assert entry["path"] == record.path
    assert entry["content_hash"] == record.content_hash
    assert after.report["counts"]["conversations"] == {entry["split"]: 1}
    (row,) = SnapshotConversation.objects.filter(snapshot=after)
    lines = exported(after, f"{row.split}.jsonl").splitlines()
    assert json.loads(lines[-1])["completion"] == [{"role": "assistant", "content": record.answer}]
    assert "| conversations |" in exported(after, "README.md")
    assert "conversations" not in exported(before, "README.md")


def test_a_conversation_close_to_a_held_out_task_stops_the_version(maintainer, reviewer, tmp_path):
    makers.approved()
    makers.put(tmp_path, "tasks/holdout/locked.md", makers.example_text("Locked task"))
    importing.import_tasks(tmp_path)
    answer = f"```bbj\n{makers.program('Locked task')}```"
    choosing.choose(records=[conversation(maintainer, answer=answer)], by=reviewer, chosen=True)

    with pytest.raises(snapshotting.HoldoutLeak, match="conversations/"):
        makers.freeze(name="v1", author=maintainer)


def test_a_reviewer_chooses_on_the_page_and_keeps_the_place(maintainer, reviewer, as_reviewer):
    record = conversation(maintainer, answer="Use <script>alert(1)</script> never.")
    page = as_reviewer.get(reverse("conversation_list"), {"chosen": "no"}).content.decode()
    answered = as_reviewer.post(
        reverse("conversation_choose") + "?chosen=no", {"record": [record.pk], "chosen": "yes"}, follow=True
    )

    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert answered.redirect_chain[-1][0].endswith("?chosen=no")
    assert "1 of 1 are taken" in answered.content.decode()
    assert choosing.chosen_conversations() == [record]


@pytest.mark.parametrize(
    "sent", [{}, {"record": ["99"], "chosen": "yes"}, {"record": ["x"], "chosen": "yes"}]
)
def test_a_choice_of_nothing_is_said_in_a_sentence(as_reviewer, sent):
    answered = as_reviewer.post(reverse("conversation_choose"), sent, follow=True)

    assert answered.status_code == 200
    assert 'class="notice bad"' in answered.content.decode()
