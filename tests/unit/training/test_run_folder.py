import json

import pytest

from training.domain.run_folder import (
    COMPLETE,
    RunFolder,
    is_complete,
    mark_complete,
    newest_checkpoint,
    values_digest,
)


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder(tmp_path / "run" / "pretrain")
    folder.write_recipe({"steps": 3, "name": "Größe"})
    return folder


def test_a_recipe_comes_back_as_it_was_written(folder):
    assert folder.recipe() == {"steps": 3, "name": "Größe"}


def test_a_recipe_that_is_no_object_is_refused(folder):
    folder.recipe_file.write_text("[1, 2]")

    with pytest.raises(ValueError, match=r"recipe\.json: holds a list"):
        folder.recipe()


def test_a_result_appears_whole_and_leaves_no_part(folder):
    assert folder.result() is None

    folder.write_result({"ok": True, "files": ["adapter"]})

    assert folder.result() == {"ok": True, "files": ["adapter"]}
    assert not list(folder.path.glob("*.part"))


def test_a_broken_result_counts_as_none(folder):
    folder.result_file.write_text('{"ok": tr')

    assert folder.result() is None


def test_metrics_are_read_on_from_where_the_reader_stopped(folder):
    folder.append_metrics({"step": 1, "loss": 2.5})
    first, offset = folder.metrics()
    folder.append_metrics({"step": 2, "loss": float("nan")})
    with folder.metrics_file.open("a") as stream:
        stream.write('{"step": 3, "lo')  # the writer is in the middle of its line

    second, end = folder.metrics(offset)

    assert first == [{"step": 1, "loss": 2.5}]
    assert second == [{"step": 2, "loss": "nan"}]
    assert folder.metrics(end) == ([], end)


def test_a_metric_line_that_a_crash_cut_is_passed_over(folder):
    folder.metrics_file.write_text('{"step": 1, "lo\n{"step": 2}\n[3]\n')

    points, _ = folder.metrics()

    assert points == [{"step": 2}]


def test_the_log_tail_can_leave_out_earlier_attempts(folder):
    folder.log_file.write_text("No space left on device\n")
    since = folder.log_file.stat().st_size
    with folder.log_file.open("a") as log:
        log.write("step 1\nstep 2\n")

    assert folder.log_tail(since=since) == "step 1\nstep 2"
    assert folder.log_tail(1) == "step 2"
    assert RunFolder(folder.path / "nowhere").log_tail() == ""


def make_checkpoint(folder, step, *, inputs="recipe-a", complete=True):
    checkpoint = folder.checkpoints / f"checkpoint-{step}"
    (checkpoint / "sub").mkdir(parents=True)
    (checkpoint / "weights").write_text(f"weights {step}")
    (checkpoint / "sub" / "state").write_text("state")
    if complete:
        mark_complete(checkpoint, inputs=inputs)
    return checkpoint


def test_a_checkpoint_counts_only_while_every_file_has_its_digest(folder):
    checkpoint = make_checkpoint(folder, 5)
    assert is_complete(checkpoint, inputs="recipe-a")

    (checkpoint / "sub" / "state").write_text("damaged")

    assert not is_complete(checkpoint, inputs="recipe-a")


def test_the_newest_whole_checkpoint_is_taken_and_broken_ones_are_removed(folder):
    whole = make_checkpoint(folder, 9)
    older = make_checkpoint(folder, 5)
    half = make_checkpoint(folder, 10, complete=False)

    assert newest_checkpoint(folder.checkpoints, inputs="recipe-a") == whole
    assert older.exists()
    assert not half.exists()


def test_another_recipe_never_goes_on_from_a_checkpoint(folder):
    checkpoint = make_checkpoint(folder, 5, inputs="recipe-a")

    assert newest_checkpoint(folder.checkpoints, inputs="recipe-b") is None
    assert not checkpoint.exists()


def test_complete_json_names_every_file_with_its_sha256(folder):
    checkpoint = make_checkpoint(folder, 5)

    assert set(json.loads((checkpoint / COMPLETE).read_text())["files"]) == {"weights", "sub/state"}


def test_equal_values_have_equal_digests_whatever_their_order():
    assert values_digest({"a": 1, "b": [2]}) == values_digest({"b": [2], "a": 1})
    assert values_digest({"a": 1}) != values_digest({"a": 2})
