"""The compiler's adapter against a stub with its habits, as a real subprocess."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.compilers import BAD, GOOD, STUB, outcomes, script
from training.adapters import checker as checkers
from training.adapters import sandbox
from training.adapters.bbjcpl import BATCH_FILES, TYPE_CHECK, Bbjcpl
from training.adapters.offline_check import OfflineCheck


def plain(path: str | Path, **options) -> Bbjcpl:
    """A compiler without the sandbox, for what does not depend on it."""
    return Bbjcpl(str(path), sandboxed=False, **options)


def test_one_call_judges_many_files_each_for_itself(tmp_path):
    log = tmp_path / "calls"
    counting = plain(
        script(
            tmp_path,
            f"open({str(log)!r}, 'a').write('x')\nos.execv({str(STUB)!r}, [{str(STUB)!r}, *sys.argv[1:]])",
        )
    )

    verdicts = counting.check_many([GOOD, BAD, "gosub nowhere\n", ""] * 3)

    assert [v.outcome for v in verdicts] == ["compiled", "compile_error", "compile_error", "compiled"] * 3
    assert log.read_text() == "x"
    assert [(f.line, f.code) for f in verdicts[1].findings] == [(2, "syntax")]
    assert [(f.line, f.code) for f in verdicts[2].findings] == [(1, "undefined-label")]
    assert 'error at line 20 (2): print "bad' in verdicts[1].output


def test_a_batch_is_two_arguments_however_many_files_it_holds(tmp_path):
    body = "say(f'{sources[0]}: error at line 10 (1): {len(sys.argv[1:])} arguments, {len(sources)} files')"

    first, *_ = plain(script(tmp_path, body)).check_many([GOOD] * BATCH_FILES)

    assert first.findings[0].message == f"bbjcpl refuses: 2 arguments, {BATCH_FILES} files"


def test_more_than_a_batch_is_judged_in_order(compiler):
    sources = [BAD if number % 7 == 0 else GOOD for number in range(BATCH_FILES + 5)]

    verdicts = compiler.check_many(sources)

    assert [v.outcome == "compile_error" for v in verdicts] == [source == BAD for source in sources]


def test_only_the_first_error_of_a_file_is_a_finding(compiler):
    (verdict,) = compiler.check_many([BAD + 'print "worse\n'])

    assert [f.line for f in verdict.findings] == [2]
    assert verdict.output.count("\n") == 1


def test_a_type_check_is_a_verdict_of_its_own(compiler):
    source = "declare java.util.HashMap v!\nv!.nosuch()\n"
    strict = plain(STUB, flags=TYPE_CHECK)

    (verdict,) = strict.check_many([source])

    assert outcomes(compiler, source) == ["compiled"]
    assert (verdict.outcome, [f.code for f in verdict.findings]) == ("compile_error", ["type-check"])
    assert (compiler.name, strict.name) == ("bbjcpl", "bbjcpl -t")
    assert checkers.settings_of(compiler) != checkers.settings_of(strict)


def test_a_use_that_cannot_be_resolved_is_told_and_refuses_nothing():
    (verdict,) = plain(STUB, flags=TYPE_CHECK).check_many(["use ::missing.bbj::Foo\n"])

    assert verdict.outcome == "compiled"
    assert [(f.code, f.certain) for f in verdict.findings] == [("unresolved-use", False)]
    assert "Cannot find program missing.bbj" in verdict.output


def test_beside_an_unresolved_use_a_type_error_still_refuses():
    source = "use ::missing.bbj::Foo\ndeclare java.util.HashMap v!\nv!.nosuch()\n"

    (verdict,) = plain(STUB, flags=TYPE_CHECK).check_many([source])

    assert verdict.outcome == "compile_error"
    assert [f.code for f in verdict.findings] == ["type-check", "unresolved-use"]


def test_a_prefix_folder_holds_the_programs_that_sources_use(tmp_path):
    (tmp_path / "there.bbj").touch()

    (verdict,) = plain(STUB, flags=TYPE_CHECK, prefixes=["/usr", str(tmp_path)]).check_many(
        ["use ::there.bbj::Foo\n"]
    )

    assert (verdict.outcome, verdict.findings) == ("compiled", ())


@pytest.mark.parametrize("prefix", ["lib", "/nowhere/lib"])
def test_a_wrong_prefix_folder_judges_nothing(prefix):
    (verdict,) = plain(STUB, flags=TYPE_CHECK, prefixes=[prefix]).check_many([GOOD])

    assert verdict.outcome == "infrastructure"
    assert f'STUDIO_BBJCPL_PREFIX: "{prefix}" is not the absolute path of a folder.' in verdict.output


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "Set STUDIO_BBJCPL"),
        ("bbjcpl", "not an absolute path"),
        ("/nowhere/bbjcpl", "no such file"),
    ],
)
def test_without_a_compiler_nothing_is_judged(path, words):
    verdicts = Bbjcpl(path).check_many([GOOD, BAD])

    assert [v.outcome for v in verdicts] == ["infrastructure", "infrastructure"]
    assert "STUDIO_BBJCPL" in verdicts[0].output
    assert words in verdicts[0].output
    assert Bbjcpl(path).build() == "missing"


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_file_that_is_no_program_judges_nothing(tmp_path, mode):
    file = tmp_path / "bbjcpl"
    file.write_bytes(b"\x00not a program")
    file.chmod(mode)

    (verdict,) = plain(file).check_many([GOOD])

    assert verdict.outcome == "infrastructure"
    assert str(file) in verdict.output


def test_a_file_that_hangs_the_compiler_is_found_and_the_others_are_judged():
    found = outcomes(plain(STUB, timeout_s=3), "rem stub: hang\n", BAD)

    assert found == ["compile_timeout", "compile_error"]


@pytest.mark.parametrize("count", [1, 50])
def test_a_compiler_that_always_hangs_is_asked_twice_only_and_no_source_is_blamed(tmp_path, count):
    log = tmp_path / "calls"
    body = f"open({str(log)!r}, 'a').write('x')\nimport time; time.sleep(600)"

    found = outcomes(plain(script(tmp_path, body), timeout_s=1), *[GOOD] * count)

    assert found == ["infrastructure"] * count
    assert log.read_text() == "xx"


@pytest.mark.parametrize("sandboxed", [False, True])
def test_the_time_limit_ends_children_too(sandboxed, request):
    if sandboxed:
        request.getfixturevalue("walls")
    mark = f"child-of-{os.getpid()}-{sandboxed}"
    compiler = Bbjcpl(str(STUB), timeout_s=3, sandboxed=sandboxed)

    (verdict,) = compiler.check_many([f"rem stub: hang {mark}\n"])

    assert verdict.outcome == "compile_timeout"
    assert "a child is there" in verdict.output
    assert is_gone(mark)


def is_gone(mark: str) -> bool:
    """No process has the mark among its arguments. A killed one may take a moment to go."""
    give_up = time.monotonic() + 10
    while any(mark in words for words in commands()):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def commands() -> list[str]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_text(errors="replace"))
        except OSError:  # ended meanwhile
            continue
    return found


@pytest.mark.parametrize("wish", ["garble", "crash", "flood", "exit 3"])
def test_what_is_not_understood_is_no_verdict_and_harms_no_other_file(compiler, wish):
    verdicts = compiler.check_many([GOOD, f"rem stub: {wish}\n", BAD])

    assert [v.outcome for v in verdicts] == ["compiled", "infrastructure", "compile_error"]
    assert "not understood" in verdicts[1].output


def test_an_error_counts_even_when_the_compiler_hangs_afterwards():
    (verdict,) = plain(STUB, timeout_s=2).check_many([f"{BAD}rem stub: hang\n"])

    assert verdict.outcome == "compile_error"


def test_an_unreadable_file_is_no_verdict_about_it(tmp_path):
    said = "say(f'Unable to open file {sources[1]}')"

    found = outcomes(plain(script(tmp_path, said)), GOOD, GOOD)

    assert found == ["compiled", "infrastructure"]


def test_usage_text_judges_nothing(tmp_path):
    found = outcomes(plain(script(tmp_path, "print('Usage: bbjcpl')")), GOOD, BAD)

    assert found == ["infrastructure", "infrastructure"]


def test_diagnostics_count_on_either_stream_and_with_either_line_end(tmp_path):
    said = "print(f'{sources[0]}: error at line 10 (1): x', end='\\r\\n')"

    found = outcomes(plain(script(tmp_path, said)), BAD, GOOD)

    assert found == ["compile_error", "compiled"]


def test_sources_are_found_below_a_symlinked_folder(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    monkeypatch.setattr("tempfile.tempdir", str(link))
    body = (
        "assert all(os.path.realpath(s) == s for s in sources)\nsay(f'{sources[1]}: error at line 10 (1): x')"
    )

    found = outcomes(plain(script(tmp_path, body)), GOOD, BAD)

    assert found == ["compiled", "compile_error"]


def test_a_symlink_to_the_compiler_is_followed_since_it_finds_its_home_from_its_path(tmp_path):
    (tmp_path / "bin").mkdir()
    real = script(tmp_path / "bin", "say(f'{sources[0]}: error at line 10 (1): {sys.argv[0]}')")
    link = tmp_path / "bbjcpl"
    link.symlink_to(real)

    (verdict,) = plain(link).check_many([GOOD])

    assert verdict.output.endswith(f": {real}")


def test_standard_input_is_closed_and_little_of_the_environment_is_handed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIO_SECRET_KEY", "hush")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dx=y")  # makes a JVM chatter on stderr
    monkeypatch.setenv("JAVA_HOME", "/opt/java")
    body = "say(f'{sources[0]}: error at line 10 (1): {sorted(os.environ)} {sys.stdin.read()!r}')"

    (verdict,) = plain(script(tmp_path, body)).check_many([GOOD])

    assert verdict.output.endswith(": ['HOME', 'JAVA_HOME', 'LC_ALL', 'PATH'] ''")


def test_nothing_is_left_beside_the_sources(compiler, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    compiler.check_many([GOOD, BAD])

    assert list(tmp_path.iterdir()) == []


def test_the_build_tells_two_compilers_apart(compiler, tmp_path):
    other = plain(script(tmp_path, "print('Usage 2')"))

    assert compiler.build().startswith("sha256 ")
    assert "STUB of bbjcpl for tests, not a compiler" in compiler.build()
    assert compiler.build() != other.build()
    assert len(compiler.build()) <= 120


def test_the_build_tells_an_updated_installation_from_the_old_one(tmp_path):
    for folder in ("bin", "lib"):
        (tmp_path / folder).mkdir()
    jar = tmp_path / "lib" / "BBj.jar"
    jar.write_bytes(b"old")
    path = script(tmp_path / "bin", "")
    old = plain(path).build()

    jar.write_bytes(b"newer")

    assert plain(path).build() != old


def test_the_checker_is_chosen_by_setting_or_by_name(settings):
    settings.STUDIO_BBJCPL = ""

    assert checkers.choose().name == "offline check"
    assert checkers.choose("bbjcpl").name == "bbjcpl"

    settings.STUDIO_BBJCPL = str(STUB)

    assert checkers.choose().name == "bbjcpl"
    assert checkers.choose(type_check=True).name == "bbjcpl -t"
    assert checkers.choose("offline").name == "offline check"
    assert checkers.choose("mcp").name == "BBj MCP syntax check"
    with pytest.raises(ValueError, match="Choose bbjcpl, offline or mcp"):
        checkers.choose("javac")
    with pytest.raises(ValueError, match="Only bbjcpl checks types, not offline"):
        checkers.choose("offline", type_check=True)


def test_two_scores_are_comparable_only_with_the_same_flags_folders_and_sandbox(settings):
    settings.STUDIO_BBJCPL = str(STUB)
    settings.STUDIO_BBJCPL_PREFIX = ["/usr"]

    assert checkers.settings_of(checkers.choose(type_check=True)) == {
        "flags": ["-t", "-N", "-X"],
        "prefixes": ["/usr"],
        "sandboxed": True,
        "timeout_s": 30,
    }
    assert checkers.settings_of(checkers.choose())["prefixes"] == []  # -N resolves no use


@pytest.mark.parametrize(
    "checker",
    [OfflineCheck(), plain(STUB), plain(STUB, flags=TYPE_CHECK)],
    ids=lambda checker: checker.name,
)
def test_a_working_checker_passes_its_control_pair(checker):
    assert checkers.control_pair(checker).problems == []


def test_a_checker_that_accepts_everything_fails_its_control_pair(tmp_path):
    pair = checkers.control_pair(plain(script(tmp_path, "")))

    assert not pair.ok
    assert pair.problems == [
        "bbjcpl answered compiled for the known bad control file, not compile_error. It said: nothing"
    ]


def test_hints_never_count_against_a_program():
    (verdict,) = OfflineCheck().check_many(["for i=1 to 3\n"])

    assert verdict.outcome == "compiled"
    assert "a hint]" in verdict.output


def test_without_a_working_sandbox_nothing_is_compiled_unless_that_is_allowed(monkeypatch):
    monkeypatch.setattr(sandbox, "problem", lambda: "bwrap is not installed")

    (refused,) = Bbjcpl(str(STUB)).check_many([GOOD])
    (allowed,) = plain(STUB).check_many([GOOD])

    assert refused.outcome == "infrastructure"
    assert refused.output.startswith("sandbox_unavailable: nothing was compiled")
    assert "Install bubblewrap, or set STUDIO_SANDBOX=0" in refused.output
    assert allowed.outcome == "compiled"
