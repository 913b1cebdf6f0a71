from __future__ import annotations

from collections import Counter

import yaml

from curation.domain.dataset_card import Kind, Statistics, card
from curation.domain.weights import weigh

MANIFEST = {
    "template_version": "chatml-1",
    "seed": 7,
    "policy": {"selection": {"topic": "gui"}, "share": 0.5},
}
GUI = Kind("bbj-gui + dwc", "completion", "gui", "basic")
TALK = Kind("", "conversation", "", "")


def head(text: str) -> dict:
    return yaml.safe_load(text.split("---\n")[1])


def test_the_head_names_each_dataset_with_its_sides_and_columns():
    told = Statistics(Counter({(GUI, "train"): 2, (TALK, "validation"): 1}), Counter({"train": 3}))

    found = head(card("f" * 64, MANIFEST, told, weigh([["dwc"]])))

    assert found["size_categories"] == ["n<1K"]
    assert [(c["config_name"], [f["path"] for f in c["data_files"]]) for c in found["configs"]] == [
        ("default", ["data/train.jsonl", "data/validation.jsonl"]),
        ("messages", ["messages/train.jsonl", "messages/validation.jsonl"]),
        ("corpus", ["corpus/train.jsonl"]),
    ]
    assert found["configs"][0]["default"] is True
    columns = [feature["name"] for feature in found["dataset_info"][0]["features"]]
    assert columns == ["prompt", "completion", "path", "type", "generation", "topic", "difficulty", "weight"]


def test_what_is_not_there_is_not_named():
    found = head(card("f" * 64, MANIFEST, Statistics(Counter({(GUI, "train"): 1})), None))

    assert [c["config_name"] for c in found["configs"]] == ["default", "messages"]
    assert [len(c["data_files"]) for c in found["configs"]] == [1, 1]


def test_the_statistics_count_each_label_and_all_four_together():
    told = Statistics(Counter({(GUI, "train"): 2, (GUI, "validation"): 1, (TALK, "train"): 4}), Counter())

    text = card("f" * 64, MANIFEST, told, None)

    assert "| examples | 2 | 1 |" in text
    assert "| conversations | 4 | 0 |" in text
    assert "| bbj-gui + dwc | 2 | 1 |" in text
    assert "| none | 4 | 0 |" in text
    assert "| bbj-gui + dwc | completion | gui | basic | 2 | 1 |" in text


def test_it_says_how_it_was_frozen():
    text = card("f" * 64, MANIFEST, Statistics(), None)

    assert "f" * 64 in text
    assert '| selection | {"topic": "gui"} |' in text
    assert "| seed | 7 |" in text


def test_the_size_is_that_of_the_rows():
    for rows, size in ((999, "n<1K"), (1_000, "1K<n<10K"), (100_000, "100K<n<1M"), (2_000_000, "n>1M")):
        told = Statistics(Counter({(GUI, "train"): rows}))

        assert head(card("f" * 64, MANIFEST, told, None))["size_categories"] == [size]


def test_licences_are_counted_where_the_manifest_knows_them():
    corpus = [{"path": "a.bbj", "licence": "MIT"}, {"path": "b.bbj", "licence": "MIT"}, {"path": "c.bbj"}]

    known = card("f" * 64, {**MANIFEST, "corpus": corpus}, Statistics(), None)
    unknown = card("f" * 64, {**MANIFEST, "corpus": corpus[2:]}, Statistics(), None)

    assert "| MIT | corpus | 2 |" in known
    assert "names no licence" in unknown
