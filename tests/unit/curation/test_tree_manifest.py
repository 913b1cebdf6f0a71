"""`.studio.json` gives back what was written, and refuses everything else with a sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.domain import tree_manifest
from curation.domain.tree_manifest import ManifestRefused

FILES = st.dictionaries(
    st.text(min_size=1, max_size=40), st.text("0123456789abcdef", min_size=64, max_size=64)
)
GOOD = {"studio_tree": 1, "files": {"gui/a.md": "0" * 64}}


@given(FILES)
def test_what_was_written_is_read(files):
    written = tree_manifest.write(files)

    assert tree_manifest.read(written.encode()) == files
    assert tree_manifest.write(dict(reversed(files.items()))) == written


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data):
    with pytest.raises(ManifestRefused, match="Take the file of the last export"):
        tree_manifest.read(data)


@pytest.mark.parametrize(
    "said",
    [
        [],
        {},
        {**GOOD, "studio_tree": 2},
        {**GOOD, "files": []},
        {**GOOD, "files": {"gui/a.md": "x"}},
        {**GOOD, "files": {"gui/a.md": 5}},
    ],
)
def test_another_form_is_refused(said):
    with pytest.raises(ManifestRefused):
        tree_manifest.read(json.dumps(said).encode())


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b'{"files": 1, "files": 2}', b'{"a": ' + b"9" * 5_000 + b"}"]
)
def test_hostile_json_is_refused(data):
    with pytest.raises(ManifestRefused):
        tree_manifest.read(data)


def test_a_huge_one_is_not_read():
    with pytest.raises(ManifestRefused, match="more than"):
        tree_manifest.read(b" " * (tree_manifest.LARGEST_BYTES + 1))
