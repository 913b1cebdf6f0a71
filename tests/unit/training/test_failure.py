import pytest

from training.domain.failure import FAILURES, Failure, classify


def test_every_failure_code_comes_with_a_sentence_that_says_what_to_do():
    assert " ".join(sorted(FAILURES)) == (
        "base_model_mismatch base_model_missing bug cancelled compiler_unavailable config_invalid "
        "conversion_failed data_invalid disk_full gpu_busy gpu_missing gpu_oom host_oom lost process_killed "
        "sandbox_unavailable timeout"
    )
    assert all(sentence.endswith(".") and len(sentence) > 40 for sentence in FAILURES.values())


def test_an_unknown_code_is_refused():
    with pytest.raises(ValueError, match='"tired" is not one of'):
        Failure("tired")


@pytest.mark.parametrize(
    ("exit_code", "tail", "code"),
    [
        (1, "OSError: [Errno 28] No space left on device", "disk_full"),
        (1, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "gpu_oom"),
        (1, "ModuleNotFoundError: No module named 'torch'", "config_invalid"),
        (1, "MemoryError", "host_oom"),
        (-9, "step 12 of 40", "process_killed"),
        (137, "", "process_killed"),
        (-15, "", "process_killed"),
        (75, "", "lost"),
        (-6, "terminate called after throwing an instance of 'std::bad_alloc'", "bug"),
    ],
)
def test_a_stage_without_a_result_is_named_by_its_exit_code_and_log(exit_code, tail, code):
    assert classify(exit_code, tail).code == code


def test_a_bug_shows_the_last_line_of_the_log():
    failure = classify(1, "Traceback\n  File x\nKeyError: 'labels'\n\n")

    assert (
        failure.message == "The stage ended with exit code 1 and no result. Last log line: KeyError: 'labels'"
    )
