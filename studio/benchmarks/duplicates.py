"""How fast near-duplicates are found: all of a set, those of one text, after an edit, in two processes."""

from __future__ import annotations

import os
import pickle
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Indel

from curation.domain.duplicates import (
    Index,
    Pair,
    find_edges,
    find_likely_pairs,
    find_pairs,
    find_pairs_in_processes,
)
from studio.benchmarks import duplicate_texts
from studio.benchmarks.measuring import Table, peak_mb, timed

ALL_PAIRS_TEXTS = 3_000
ALL_PAIRS_THRESHOLDS = (0.95, 0.9, 0.85, 0.8)
SAMPLED_TEXTS, SAMPLED_ROWS = (
    10_000,
    200,
)  # all pairs of so many take too long: some rows are timed and scaled
SIZES = (10_000, 100_000)
RECALL_SAMPLE = 1_000
QUERIES = 300
EDITED_TEXTS, EDITS = 10_000, 300
CLUSTER = 2_000
SHARED_TEXTS, SHARED_THRESHOLD = 20_000, 0.85


def measure(say: Callable[[str], None]) -> list[Table]:
    """All tables. Takes five minutes, most of it for comparing all pairs.

    Args:
        say: Told what is measured next.
    """
    texts = list(
        duplicate_texts.texts(max(*SIZES, ALL_PAIRS_TEXTS, SAMPLED_TEXTS, EDITED_TEXTS, SHARED_TEXTS))
    )
    tables = []
    for what, part in (
        ("against all pairs", all_pairs),
        ("by size", sizes),
        ("one text against an index", queries),
        ("edits of an index", edits),
        ("one large cluster", clusters),
        ("two processes", processes),
    ):
        say(what)
        tables.append(part(texts))
    return tables


def all_pairs(texts: Sequence[str]) -> Table:
    rows = [
        _against_all(texts[:ALL_PAIRS_TEXTS], ALL_PAIRS_TEXTS, threshold)
        for threshold in ALL_PAIRS_THRESHOLDS
    ]
    rows.append(_against_all(texts[:SAMPLED_TEXTS], SAMPLED_ROWS, 0.9))
    return Table(
        "all_pairs",
        "find_pairs() against rapidfuzz.process.cdist(X, X, workers=1) over all pairs",
        {
            "texts": "texts",
            "threshold": "threshold",
            "pairs": "pairs found",
            "same": "the same pairs",
            "all_pairs_s": "all pairs, CPU seconds",
            "cpu_s": "find_pairs, CPU seconds",
            "ratio": "times less",
        },
        rows,
        "cdist gets the threshold as score_cutoff, which makes it faster. Of "
        f"{SAMPLED_TEXTS:,} texts, {SAMPLED_ROWS} are compared with all, and half of their time is scaled to "
        "all texts, since cdist(X, X) takes each pair once; the pairs of these texts are the same.",
    )


def _against_all(texts: Sequence[str], rows: int, threshold: float) -> dict[str, Any]:
    step = len(texts) // rows
    asked = texts[::step]
    started = time.process_time()
    # The same object twice makes cdist take each pair once. Its cutoff would lose pairs exactly at it.
    scores = process.cdist(
        texts if step == 1 else asked,
        texts,
        scorer=Indel.normalized_similarity,
        score_cutoff=threshold - 1e-5,
        workers=1,
        dtype=np.float64,
    )
    all_s = time.process_time() - started
    if step > 1:
        all_s *= len(texts) / len(asked) / 2
    row, column = np.nonzero(scores >= threshold)
    expected = {tuple(sorted((i * step, j))) for i, j in zip(row.tolist(), column.tolist(), strict=True)}
    cpu_s, found = timed(find_pairs, texts, threshold)
    of_rows = {(pair.i, pair.j) for pair in found if pair.i % step == 0 or pair.j % step == 0}
    return {
        "texts": len(texts),
        "threshold": threshold,
        "pairs": len(found),
        "same": "yes" if of_rows == {(i, j) for i, j in expected if i != j} else "NO",
        "all_pairs_s": round(all_s, 1),
        "cpu_s": round(cpu_s, 3),
        "ratio": round(all_s / cpu_s),
    }


def sizes(texts: Sequence[str]) -> Table:
    small, large = SIZES
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files = {size: kept(texts[:size], Path(folder)) for size in SIZES}
        rows = [
            alone(files[size], way, threshold)
            for way, threshold, measured in (
                ("exact", 0.9, SIZES),
                ("likely", 0.9, SIZES),
                ("likely", 0.85, SIZES),
                ("exact", 0.85, (small,)),
            )
            for size in measured
        ]
    seconds = {(row["way"], row["threshold"], row["texts"]): row["cpu_s"] for row in rows}
    grown = {
        f"{way}_{threshold}": seconds[way, threshold, large] / seconds[way, threshold, small]
        for way, threshold in (("exact", 0.9), ("likely", 0.9), ("likely", 0.85))
    }
    return Table(
        "sizes",
        "find_pairs() (exact) and find_likely_pairs() (likely) by size",
        SIZE_COLUMNS,
        rows,
        f"{SIZE_NOTE} From {small:,} to {large:,} texts the CPU seconds grow "
        + ", ".join(f"{times:.1f} times ({name.replace('_', ' ')})" for name, times in grown.items())
        + ".",
        {f"growth_{name}": round(times, 2) for name, times in grown.items()},
    )


SIZE_COLUMNS = {
    "texts": "texts",
    "way": "way",
    "threshold": "threshold",
    "pairs": "pairs found",
    "cpu_s": "CPU seconds",
    "peak_mb": "peak, MB",
    "sampled": "true pairs of the sample",
    "recall": "found of them",
}
SIZE_NOTE = (
    "Each in a process of its own, whose peak holds the texts too. One run each. The sample are "
    f"{RECALL_SAMPLE:,} texts, compared with all others; that is not in the time."
)


def kept(texts: Sequence[str], folder: Path) -> Path:
    """A file with the texts, for other processes."""
    file = folder / f"{len(texts)}.pickle"
    file.write_bytes(pickle.dumps(texts))
    return file


def alone(file: Path, way: str, threshold: float) -> dict[str, Any]:
    """A row of `sizes`, measured in a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        row = pool.apply(searched, (file, way, threshold))
    if way == "likely":
        with get_context("spawn").Pool(1) as pool:  # apart, since it would count in the peak
            row |= pool.apply(sampled, (file, threshold))
    return row


def searched(file: Path, way: str, threshold: float) -> dict[str, Any]:
    """A row of `sizes`, measured in this process."""
    texts = pickle.loads(file.read_bytes())
    started = time.process_time()
    pairs: list[Pair] = (
        find_pairs(texts, threshold)
        if way == "exact"
        else find_likely_pairs(texts, threshold, sample=0).pairs
    )
    cpu_s = time.process_time() - started
    return {
        "texts": len(texts),
        "way": way,
        "threshold": threshold,
        "pairs": len(pairs),
        "cpu_s": round(cpu_s, 4),
        "peak_mb": peak_mb(),
        "sampled": None,
        "recall": None,
    }


def sampled(file: Path, threshold: float) -> dict[str, Any]:
    """What a search finds of the pairs of some texts."""
    likely = find_likely_pairs(pickle.loads(file.read_bytes()), threshold, sample=RECALL_SAMPLE)
    share = likely.found_pairs / likely.true_pairs if likely.true_pairs else None
    return {"sampled": likely.true_pairs, "recall": share if share is None else round(share, 4)}


def queries(texts: Sequence[str]) -> Table:
    chance = random.Random(1)
    asked = [
        f"{text[: len(text) // 2]} changed {text[len(text) // 2 :]}" for text in chance.sample(texts, QUERIES)
    ]
    rows = []
    for threshold in (0.9, 0.85):
        index = Index(texts)
        index.query("first", threshold)
        taken = [1_000 * timed(index.query, text, threshold, most_runs=1)[0] for text in asked]
        rows.append(
            {
                "texts": len(texts),
                "threshold": threshold,
                "p50_ms": round(statistics.median(taken), 2),
                "p95_ms": round(float(np.quantile(taken, 0.95)), 2),
            }
        )
    return Table(
        "queries",
        f"Index.query(): {QUERIES} changed texts",
        {
            "texts": "texts",
            "threshold": "threshold",
            "p50_ms": "p50, CPU ms",
            "p95_ms": "p95, CPU ms",
        },
        rows,
        "From a new index on, which prepares texts when they first come near a question.",
    )


def edits(texts: Sequence[str]) -> Table:
    now = list(texts[:EDITED_TEXTS])
    chance, threshold = random.Random(2), 0.9
    index = Index(now)
    pairs = {(pair.i, pair.j) for pair in index.pairs(threshold)}
    taken = []
    for _ in range(EDITS):
        i = chance.randrange(len(now))
        text = now[chance.choice((i, chance.randrange(len(now))))]  # of itself, or of another one
        now[i] = f"{text[: len(text) // 2]} edited {text[len(text) // 2 :]}"
        started = time.process_time()
        index.replace(i, now[i])
        near = index.near(i, threshold)
        taken.append(time.process_time() - started)
        pairs = {pair for pair in pairs if i not in pair} | {(min(i, m.i), max(i, m.i)) for m in near}
    rebuild_s, rebuilt = timed(find_pairs, now, threshold)
    mean_s = statistics.mean(taken)
    return Table(
        "edits",
        f"{EDITS} edits of an index of {EDITED_TEXTS:,} texts at {threshold}: replace(), then near()",
        {
            "mean_ms": "mean, CPU ms",
            "p50_ms": "p50, CPU ms",
            "p95_ms": "p95, CPU ms",
            "rebuild_s": "find_pairs, CPU seconds",
            "share": "an edit is one part of",
            "same": "pairs as of a rebuild",
        },
        [
            {
                "mean_ms": round(1_000 * mean_s, 2),
                "p50_ms": round(1_000 * statistics.median(taken), 2),
                "p95_ms": round(1_000 * float(np.quantile(taken, 0.95)), 2),
                "rebuild_s": round(rebuild_s, 3),
                "share": round(rebuild_s / mean_s),
                "same": "yes" if pairs == {(pair.i, pair.j) for pair in rebuilt} else "NO",
            }
        ],
        "The mean holds the times when the tail became part of the base; the share is of the mean.",
    )


def clusters(texts: Sequence[str]) -> Table:
    text = texts[0]
    copies = [text] * CLUSTER
    variants = [f"{text} {number}" for number in range(CLUSTER)]
    rows = []
    for name, members in (("copies", copies), ("variants", variants)):
        for function in (find_edges, find_pairs):
            if (name, function) == ("variants", find_pairs):
                continue  # the judge takes minutes for two million pairs
            cpu_s, found = timed(function, members, 0.9)
            rows.append(
                {
                    "cluster": f"{CLUSTER:,} {name}",
                    "way": f"{function.__name__}()",
                    "pairs": len(found),
                    "cpu_s": round(cpu_s, 3),
                }
            )
    return Table(
        "clusters",
        "One cluster",
        {"cluster": "", "way": "way", "pairs": "pairs", "cpu_s": "CPU seconds"},
        rows,
        "Edges make the same clusters as all pairs do.",
    )


def processes(texts: Sequence[str]) -> Table:
    some = texts[:SHARED_TEXTS]
    rows = []
    for count, find in ((1, find_pairs), (2, find_pairs_in_processes)):
        before, started = os.times(), time.perf_counter()
        pairs = find(some, SHARED_THRESHOLD)
        wall_s, after = time.perf_counter() - started, os.times()
        own_s = after.user + after.system - before.user - before.system
        others_s = after.children_user + after.children_system - before.children_user - before.children_system
        rows.append(
            {
                "processes": count,
                "pairs": len(pairs),
                "wall_s": round(wall_s, 2),
                "longest_s": round(own_s + others_s / count, 2),
            }
        )
    return Table(
        "processes",
        f"{SHARED_TEXTS:,} texts at {SHARED_THRESHOLD} in one process and in two",
        {
            "processes": "processes",
            "pairs": "pairs",
            "wall_s": "seconds by the clock",
            "longest_s": "CPU seconds one after the other",
        },
        rows,
        "The last column is the time of the first process and half of that of the two others, which is what "
        f"the clock says on two idle cores: {_times(rows, 'longest_s')} times faster. Here the clock said "
        f"{_times(rows, 'wall_s')} times; other work on this machine counts in that.",
        {"faster": _times(rows, "longest_s"), "faster_by_the_clock": _times(rows, "wall_s")},
    )


def _times(rows: Sequence[dict[str, Any]], key: str) -> float:
    return round(rows[0][key] / rows[1][key], 2)
