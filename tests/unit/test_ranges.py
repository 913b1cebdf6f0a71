import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.ranges import Part, Unsatisfiable, part_of

TAG = '"abc"'


def part(asked, size=100, if_range=""):
    return part_of(size, asked=asked, if_range=if_range, etag=TAG)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("bytes=0-9", Part(0, 9, 100)),
        ("bytes=90-", Part(90, 99, 100)),
        ("bytes=90-500", Part(90, 99, 100)),
        ("bytes=-10", Part(90, 99, 100)),
        ("bytes=-500", Part(0, 99, 100)),
    ],
)
def test_a_range_is_the_bytes_that_it_names(asked, found):
    assert part(asked) == found
    assert part(asked, if_range=TAG) == found


@pytest.mark.parametrize("asked", ["", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=x-"])
def test_what_is_no_single_range_gets_the_whole_file(asked):
    assert part(asked) is None


def test_another_text_than_the_one_that_was_begun_is_sent_whole():
    assert part("bytes=50-", if_range='"other"') is None


@pytest.mark.parametrize(("asked", "size"), [("bytes=100-", 100), ("bytes=0-", 0), ("bytes=-0", 100)])
def test_a_range_behind_the_end_is_unsatisfiable(asked, size):
    with pytest.raises(Unsatisfiable):
        part(asked, size=size)


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d{0,20}-\d{0,20}", fullmatch=True), st.integers(0, 50))
def test_whatever_is_asked_a_part_lies_inside_the_file(asked, size):
    try:
        found = part(asked, size=size)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found.first <= found.last < size
