"""What can be said of several processes without starting one."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from training.domain.run_folder import RunFolder
from training.recipes import frame, torchrun


@dataclass(frozen=True)
class Ended:
    timestamp: int  # seconds, as torchrun's ProcessFailure has it
    exitcode: int


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ([Ended(7, 1)], 1),
        ([Ended(7, 1), Ended(7, -9)], -9),  # one was killed, and the other said that it is gone
        ([Ended(8, -9), Ended(7, 75)], 75),  # torchrun killed the other one later
    ],
)
def test_the_first_to_end_counts_and_of_two_at_once_the_one_without_a_word(ended, code):
    assert torchrun.first_exit_code(ended) == code


def test_the_first_word_is_the_result_and_leaves_nothing_beside_it(tmp_path):
    folder = RunFolder(tmp_path)

    folder.write_first_result({"code": "host_oom"})
    folder.write_first_result({"code": "process_killed"})

    assert folder.result() == {"code": "host_oom"}
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.parametrize(
    "text",
    [
        "[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1234",
        "NCCL error: remote process exited or there was a network error",
    ],
)
def test_what_fails_since_another_process_is_gone_says_so(text):
    assert frame.name_failure(RuntimeError(text)).code == "process_killed"


@pytest.mark.parametrize(("visible", "seen"), [(None, "0"), ("2,3", "2"), ("1", "1"), ("", "")])
def test_one_process_sees_one_gpu(monkeypatch, visible, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible or "")
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")

    torchrun.see_one_gpu()

    assert os.environ["CUDA_VISIBLE_DEVICES"] == seen
