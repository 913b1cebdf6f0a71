"""README.md of a Hugging Face folder: the head that `datasets.load_dataset` reads, statistics, provenance.

Says only what the frozen texts and the manifest say, so it is the same on every machine.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from curation.domain.weights import FORMULA, Weights

SPLITS = ("train", "validation")
_MESSAGES = [{"name": "role", "dtype": "string"}, {"name": "content", "dtype": "string"}]
TERMS = ("licence", "source")  # of a raw program, where the manifest knows them
_TEXT = ("path", "type", "topic", "difficulty")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


class Kind(NamedTuple):
    """What the statistics count by."""

    generation: str  # labels joined by " + "; "" of what is no example
    type: str
    topic: str
    difficulty: str


FACETS = Kind._fields


@dataclass
class Statistics:
    """How many rows of each kind stand on each side, and how many raw programs."""

    rows: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    programs: Counter[str] = field(default_factory=Counter)

    def sides(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (_, split), n in self.rows.items():
            found[split] += n
        return found


@dataclass(frozen=True)
class Configuration:
    """One of the folder's datasets: its name is that of its folder too."""

    name: str
    features: Sequence[Mapping[str, Any]]
    splits: Sequence[str]


def configurations(rows: Iterable[str], programs: Iterable[str], *, weighed: bool) -> list[Configuration]:
    """The datasets that have a row. `rows` and `programs`: the splits that hold some."""
    labels: list[Mapping[str, Any]] = [{"name": name, "dtype": "string"} for name in _TEXT]
    labels.insert(2, {"name": "generation", "sequence": "string"})
    if weighed:
        labels.append({"name": "weight", "dtype": "float64"})
    prompts = [{"name": name, "list": _MESSAGES} for name in ("prompt", "completion")]
    texts = [{"name": name, "dtype": "string"} for name in ("path", "text", *TERMS)]
    found = (
        Configuration("default", [*prompts, *labels], _in_order(rows)),
        Configuration("messages", [{"name": "messages", "list": _MESSAGES}, *labels], _in_order(rows)),
        Configuration("corpus", texts, _in_order(programs)),
    )
    return [one for one in found if one.splits]


def _in_order(splits: Iterable[str]) -> list[str]:
    held = set(splits)
    return [split for split in SPLITS if split in held]


def card(digest: str, manifest: Mapping[str, Any], told: Statistics, weights: Weights | None) -> str:
    """The whole README.md."""
    sides = told.sides()
    configs = configurations(sides, told.programs, weighed=weights is not None)
    return "\n".join(
        [
            "---",
            _head(configs, sum(sides.values())).strip(),
            "---",
            "",
            f"# BBj examples, version {digest[:12]}",
            "",
            "BBj programs with questions and answers, written and reviewed by people who know BBj, each "
            "labelled with the generation of BBj that its code is for.",
            "",
            "```python",
            "from datasets import load_dataset",
            "",
            *(f"load_dataset({_arguments(one)})" for one in configs),
            "```",
            "",
            *_table(("", *SPLITS), _sides(told)),
            *_weights(weights),
            *_statistics(told),
            *_licences(manifest),
            *_provenance(digest, manifest),
        ]
    )


def _head(configs: Sequence[Configuration], rows: int) -> str:
    size = next((name for limit, name in _SIZES if rows < limit), "n>1M")
    head = {
        "language": ["en"],
        "pretty_name": "BBj examples",
        "tags": ["bbj", "code", "business-basic"],
        "task_categories": ["text-generation"],
        "size_categories": [size],
        "configs": [
            {"config_name": one.name}
            | ({"default": True} if one.name == "default" else {})
            | {
                "data_files": [
                    {"split": split, "path": f"{_folder(one.name)}/{split}.jsonl"} for split in one.splits
                ]
            }
            for one in configs
        ],
        "dataset_info": [{"config_name": one.name, "features": list(one.features)} for one in configs],
    }
    text: str = yaml.dump(head, Dumper=_Plain, sort_keys=False, width=1000)
    return text


class _Plain(yaml.SafeDumper):
    """Without anchors: the features of two datasets are alike, and a reader of a card knows no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _folder(name: str) -> str:
    return "data" if name == "default" else name


def _arguments(one: Configuration) -> str:
    return '"this-folder"' if one.name == "default" else f'"this-folder", "{one.name}"'


def _sides(told: Statistics) -> Iterator[Sequence[object]]:
    rows: dict[str, Counter[str]] = {"examples": Counter(), "conversation": Counter(), "general": Counter()}
    for (kind, split), n in told.rows.items():
        rows.get(kind.type, rows["examples"])[split] += n
    for name, counts in (
        ("examples", rows["examples"]),
        ("conversations", rows["conversation"]),
        ("general code", rows["general"]),
        ("raw programs", told.programs),
    ):
        if counts or name == "examples":
            yield name, *(counts[split] for split in SPLITS)


def _statistics(told: Statistics) -> Iterator[str]:
    yield "## Statistics"
    yield ""
    yield "Rows by each label. An example for two generations is counted once, under both names."
    yield ""
    for place, facet in enumerate(FACETS):
        counts: Counter[tuple[str, str]] = Counter()
        for (kind, split), n in told.rows.items():
            counts[kind[place] or "none", split] += n
        names = sorted({name for name, _ in counts})
        yield from _table((facet, *SPLITS), ((name, *(counts[name, s] for s in SPLITS)) for name in names))
    yield "Rows by all four labels, of what there is:"
    yield ""
    kinds = sorted({kind for kind, _ in told.rows})
    yield from _table(
        (*FACETS, *SPLITS),
        ((*(value or "none" for value in kind), *(told.rows[kind, s] for s in SPLITS)) for kind in kinds),
    )


def _weights(weights: Weights | None) -> Iterator[str]:
    if weights is None:
        return
    yield "## Weights"
    yield ""
    yield f"`weight` is the {FORMULA}. Conversations and validation rows weigh 1."
    yield ""
    rows = ((label, n, f"{weights.of([label]):.6f}") for label, n in weights.rows_of.items())
    yield from _table(("generation", "training rows", "weight of a row with this label alone"), rows)


def _licences(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Of the texts that carry one in the manifest; what authors write in the studio carries none."""
    counts: Counter[tuple[str, str]] = Counter()
    for kind, entries in manifest.items():
        for entry in entries if isinstance(entries, list) else ():
            if licence := entry.get("licence"):
                counts[licence, kind] += 1
    yield "## Licences"
    yield ""
    if not counts:
        yield "The manifest names no licence: ask whoever froze this version before you pass it on."
        yield ""
        return
    rows = ((licence, kind, counts[licence, kind]) for licence, kind in sorted(counts))
    yield from _table(("licence", "kind", "texts"), rows)
    yield "Examples and conversations are the work of the studio's authors and carry no licence here."
    yield ""


def _provenance(digest: str, manifest: Mapping[str, Any]) -> Iterator[str]:
    policy = manifest["policy"]
    yield "## How it was frozen"
    yield ""
    yield (
        "Near-duplicates share a cluster, and a cluster stands on one side only: a seeded hash of its id "
        "decides for ever. `manifest.json` lists every text with its SHA-256, cluster and side; its own "
        f"SHA-256 is the version's digest, `{digest}`."
    )
    yield ""
    facts = {"templates": manifest["template_version"], "seed": manifest["seed"], **policy}
    rows = ((name.replace("_", " "), _said(facts[name])) for name in sorted(facts))
    yield from _table(("setting", "value"), rows)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield _cells(head)
    yield _cells(["---"] * len(head))
    for row in rows:
        yield _cells(row)
    yield ""


def _cells(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
