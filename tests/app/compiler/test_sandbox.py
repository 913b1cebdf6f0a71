"""What a hostile compiler can do inside the sandbox: read its own files, and nothing else.

Each attack is a real program behind the compiler's adapter. Where its failure inside could have another
reason than the sandbox, it is tried outside too, and succeeds there.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.compilers import BAD, GOOD, STUB, outcomes
from training.adapters import sandbox
from training.adapters.bbjcpl import TYPE_CHECK, Bbjcpl

pytestmark = pytest.mark.usefixtures("walls")


def attack(folder: Path, body: str) -> str:
    """A compiler in an installation of its own, that says "done" in a diagnostic when its attack succeeds."""
    home = folder / "bbx"
    (home / "bin").mkdir(parents=True)
    file = home / "bin" / "bbjcpl"
    file.write_text(
        '#!/bin/bash\nfor a; do case "$a" in -@*) read -r source < "${a#-@}";; esac; done\n'
        f'if {{ {body}\n}} >/dev/null 2>&1; then echo "$source: error at line 10 (1): done" >&2; fi\n'
    )
    file.chmod(0o755)
    return str(file)


def succeeds(compiler: str, *, sandboxed: bool) -> bool:
    (outcome,) = outcomes(Bbjcpl(compiler, sandboxed=sandboxed), GOOD)
    assert outcome in ("compiled", "compile_error")
    return outcome == "compile_error"


def test_the_compiler_works_inside_as_outside():
    assert outcomes(Bbjcpl(str(STUB)), GOOD, BAD, "rem stub: crash\n") == [
        "compiled",
        "compile_error",
        "infrastructure",
    ]


def test_what_it_writes_outside_its_work_folder_reaches_nobody(tmp_path):
    target = tmp_path / "written"
    compiler = attack(tmp_path, f"echo x > {target}")

    succeeds(compiler, sandboxed=True)

    assert not target.exists()
    assert succeeds(compiler, sandboxed=False)
    assert target.exists()


def test_it_cannot_change_its_own_installation(tmp_path):
    compiler = attack(tmp_path, f"echo x > {tmp_path}/bbx/planted")

    assert not succeeds(compiler, sandboxed=True)
    assert succeeds(compiler, sandboxed=False)


def test_it_cannot_read_files_of_the_studio_or_of_a_person(tmp_path):
    (tmp_path / "secret-key").write_text("hush")
    compiler = attack(tmp_path, f"grep hush {tmp_path}/secret-key")

    assert not succeeds(compiler, sandboxed=True)
    assert succeeds(compiler, sandboxed=False)


@pytest.mark.parametrize("place", ["/etc/passwd", "$OLDHOME", "/root", "/home", "/var", "/sys", "/run"])
def test_it_does_not_see(place, tmp_path):
    compiler = attack(tmp_path, f"test -e {place.replace('$OLDHOME', str(Path.home()))}")

    assert not succeeds(compiler, sandboxed=True)


def test_it_cannot_reach_a_listener_on_this_machine(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        compiler = attack(tmp_path, f"exec 3<>/dev/tcp/127.0.0.1/{listener.getsockname()[1]}")

        assert not succeeds(compiler, sandboxed=True)
        assert succeeds(compiler, sandboxed=False)


def test_it_cannot_read_the_environment_of_the_studio(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIO_SECRET_KEY", "hush")
    own = attack(tmp_path / "own", 'test -n "$STUDIO_SECRET_KEY"')
    parents = attack(tmp_path / "parents", "test -r /proc/$PPID/environ && test $PPID -gt 2")

    assert not succeeds(own, sandboxed=True)
    assert not succeeds(own, sandboxed=False)
    assert not succeeds(parents, sandboxed=True)
    assert succeeds(parents, sandboxed=False)


def test_it_cannot_see_or_end_other_processes(tmp_path):
    compiler = attack(tmp_path, "test $(ls -d /proc/[0-9]* | wc -l) -gt 9")

    assert not succeeds(compiler, sandboxed=True)


def test_it_cannot_fill_the_disk_with_one_file(tmp_path):
    size = sandbox.FILE_MOST_BYTES + 1
    compiler = attack(tmp_path, f"head -c {size} /dev/zero > big && test $(stat -c %s big) -eq {size}")

    assert not succeeds(compiler, sandboxed=True)


def test_its_work_folder_and_tmp_can_be_written(tmp_path):
    compiler = attack(tmp_path, 'echo x > "$HOME/a" && echo x > b && echo x > /tmp/c')

    assert succeeds(compiler, sandboxed=True)


def test_prefix_folders_can_be_read_and_not_written(tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "there.bbj").touch()
    compiler = Bbjcpl(str(STUB), flags=TYPE_CHECK, prefixes=[str(library)])

    (verdict,) = compiler.check_many(["use ::there.bbj::Foo\n"])

    assert (verdict.outcome, verdict.findings) == ("compiled", ())
    writing = attack(tmp_path, f"echo x > {library}/planted")
    assert outcomes(Bbjcpl(writing, flags=TYPE_CHECK, prefixes=[str(library)]), GOOD) == ["compiled"]


def test_a_compiler_in_a_persons_bin_folder_does_not_open_that_persons_home(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "bbx")
    compiler = attack(tmp_path, f"grep hush {tmp_path}/bbx/secret")
    (tmp_path / "bbx" / "secret").write_text("hush")

    assert not succeeds(compiler, sandboxed=True)


@pytest.fixture
def untried(walls):
    """The self-test is made anew, and not remembered."""
    sandbox.problem.cache_clear()
    yield
    sandbox.problem.cache_clear()


@pytest.mark.usefixtures("untried")
def test_a_machine_without_bubblewrap_is_told_which_package_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert sandbox.problem() == "bwrap is not installed (package bubblewrap)"


@pytest.mark.usefixtures("untried")
def test_a_bubblewrap_that_is_not_allowed_to_work_is_quoted(tmp_path, monkeypatch):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert sandbox.problem() == "bwrap: setting up uid map: Permission denied"
