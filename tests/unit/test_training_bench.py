"""`manage.py bench training`: what it says of figures that were measured. No figure is judged here."""

from __future__ import annotations

from studio.benchmarks import training


def pair(*, speed: float, start: float, share: float = 0.2, loss: float = 6.5) -> dict[str, dict[str, float]]:
    bare = {"steps_per_s": 4.0, "steps_per_cpu_s": 4.2, "to_first_step_s": 5.0, "first_step_cpu_s": 4.5}
    bare |= {"peak_mb": 700, "loss": 6.5}
    ours = {**bare, "steps_per_s": speed, "to_first_step_s": start, "loss": loss}
    return {"ours": {**ours, "supervisor_percent": share}, "bare": bare}


def told(monkeypatch, *pairs: dict[str, dict[str, float]]):
    left = {stage: iter(pairs) for stage in training.TITLES}
    said: list[str] = []

    def told_by(module, folder, *words):
        return {} if words[0] == "prepare" else next(left[words[0]])

    monkeypatch.setattr(training, "REPEATS", len(pairs))
    monkeypatch.setattr(training, "told_by", told_by)
    (table,) = training.measure(said.append)
    return {row["what"]: row for row in table.rows}, table


def test_a_ratio_is_the_median_of_the_repeats_and_is_held_against_its_limit(monkeypatch):
    rows, table = told(
        monkeypatch, pair(speed=3.96, start=5.5), pair(speed=1.0, start=30.0), pair(speed=4.4, start=5.0)
    )

    speed, start = rows["stage 1: steps a second"], rows["stage 2: seconds to the first step"]
    assert (speed["ratio"], speed["spread"], speed["limit"], speed["kept"]) == (
        0.99,
        "0.25 to 1.1",
        "at least 0.97",
        "yes",
    )
    assert (start["ratio"], start["kept"]) == (1.1, "yes")
    assert "n 3" in table.note
    assert "the same training loss" in table.note


def test_what_is_not_kept_is_said_and_so_is_a_script_that_trained_something_else(monkeypatch):
    rows, table = told(monkeypatch, pair(speed=3.8, start=6.5, share=2.5, loss=6.6))

    kept = {what.partition(": ")[2]: row["kept"] for what, row in rows.items()}
    assert kept == {
        "steps a second": "NO",
        "seconds to the first step": "NO",
        "supervisor, % of a core": "NO",
        "steps a CPU second": "yes",
        "CPU seconds to the first step": "yes",
        "peak MB of the process": None,
    }
    assert "DIFFER" in table.note
