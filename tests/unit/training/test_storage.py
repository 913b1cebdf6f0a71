import hashlib
import os
import stat

import pytest

from training.adapters.storage import Store
from training.domain.failure import Failure


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "artifacts")


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "merged"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "sub" / "weights").write_bytes(b"\x00" * 1000)
    return folder


def test_a_file_is_found_by_its_sha256(store, tmp_path):
    file = tmp_path / "model.gguf"
    file.write_bytes(b"weights")

    stored = store.put(file)

    assert stored.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert stored.size_bytes == 7
    assert store.path_of(stored.sha256).read_bytes() == b"weights"
    assert not stat.S_IMODE(store.path_of(stored.sha256).stat().st_mode) & 0o222


def test_a_folder_is_stored_whole_under_one_digest(store, model):
    stored = store.put(model)

    assert stored.size_bytes == 1002
    assert (store.path_of(stored.sha256) / "sub" / "weights").read_bytes() == b"\x00" * 1000
    assert store.digest_now(stored.sha256) == stored.sha256


def test_the_same_content_is_stored_once_whatever_its_name(store, model, tmp_path):
    first = store.put(model)
    model.rename(tmp_path / "other-name")

    assert store.put(tmp_path / "other-name") == first
    assert len([p for p in store.root.rglob("*") if p.is_file()]) == 2


def test_another_file_name_inside_a_folder_is_another_digest(store, model):
    before = store.put(model).sha256
    (model / "config.json").rename(model / "settings.json")

    assert store.put(model).sha256 != before


def test_damage_shows_in_the_digest(store, model):
    stored = store.put(model)
    damaged = store.path_of(stored.sha256) / "config.json"
    damaged.chmod(0o644)
    damaged.write_text("{ }")

    assert store.digest_now(stored.sha256) != stored.sha256
    assert store.digest_now("0" * 64) is None


def test_links_are_refused_and_nothing_is_left(store, model):
    (model / "link").symlink_to(model / "config.json")

    with pytest.raises(ValueError, match="neither a file nor a folder"):
        store.put(model)

    assert list(store.root.iterdir()) == []


def test_an_empty_folder_is_refused(store, tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(ValueError, match="nothing to store"):
        store.put(tmp_path / "empty")


def test_a_full_disk_is_named_and_leaves_nothing_half_written(store, model, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(Failure) as caught:
        store.put(model)

    assert caught.value.code == "disk_full"
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63])
def test_what_is_no_digest_never_becomes_a_path(store, digest):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        store.path_of(digest)
