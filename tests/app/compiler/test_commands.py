"""`manage.py check_bbj` and `manage.py label_generation`, as a person calls them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.compilers import BAD, GOOD, STUB, script


def check_bbj(*arguments: str | Path) -> tuple[int, str]:
    out, code = io.StringIO(), 0
    try:
        call_command("check_bbj", *map(str, arguments), stdout=out)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, out.getvalue()


@pytest.fixture
def stub(settings):
    settings.STUDIO_BBJCPL = str(STUB)
    settings.STUDIO_SANDBOX = False


EXAMPLE = """---
title: Two programs
type: completion
generation: all
---
## Code

<!-- filename: first.bbj -->
```bbj
rem fine
print "fine"
```

<!-- filename: second.bbj -->
```bbj
rem broken
print "broken
```

## Expected Output

```
fine
```

## Explanation

One of the two is broken.
"""


def test_sources_and_examples_are_read_and_their_lines_named(tmp_path):
    (tmp_path / "a.bbj").write_text(GOOD)
    (tmp_path / "b.src").write_bytes(b"print \xff")
    topic = tmp_path / "oop"
    topic.mkdir()
    (topic / "two-programs.md").write_text(EXAMPLE)
    (tmp_path / "README.md").write_text("# no example")

    code, printed = check_bbj(tmp_path, "--json", "--compiler", "offline")

    report = json.loads(printed)
    assert code == 1
    assert (report["ok"], report["files"], report["checker"]) == (False, 3, "offline check")
    assert [(Path(p["file"]).name, p["line"], p["code"]) for p in report["problems"]] == [
        ("b.src", 1, "not-utf-8"),
        ("two-programs.md", 17, "unclosed-string"),
    ]
    assert set(report["problems"][0]) == {
        "file",
        "line",
        "code",
        "severity",
        "message",
        "suggestion",
        "field",
    }


@pytest.mark.usefixtures("stub")
def test_the_configured_compiler_is_asked(tmp_path):
    (tmp_path / "a.bbj").write_text(BAD)

    code, printed = check_bbj(tmp_path)

    assert code == 1
    assert "a.bbj:2: bbjcpl refuses" in printed
    assert "0 accepted by bbjcpl (sha256" in printed
    assert "STUB" in printed


@pytest.mark.usefixtures("stub")
def test_a_type_check_names_itself_and_tells_an_unresolved_use_as_a_hint(tmp_path):
    file = tmp_path / "a.bbj"
    file.write_text("use ::missing.bbj::Foo\n")

    code, printed = check_bbj(file, "--type-check")
    plain_code, plainly = check_bbj(file)

    assert (code, plain_code) == (0, 0)
    assert "a.bbj:1: Cannot find program missing.bbj [unresolved-use, a hint]" in printed
    assert "1 accepted by bbjcpl -t" in printed
    assert "1 accepted by bbjcpl (" in plainly


def test_a_type_check_without_the_compiler_is_refused_with_the_way_out(tmp_path, settings):
    settings.STUDIO_BBJCPL = ""

    with pytest.raises(CommandError, match="Only bbjcpl checks types, not offline") as stop:
        check_bbj(tmp_path, "--type-check")

    assert stop.value.returncode == 2


def test_without_its_compiler_nothing_is_judged_and_the_exit_code_is_2(tmp_path, settings):
    settings.STUDIO_BBJCPL = ""
    (tmp_path / "a.bbj").write_text(GOOD)

    code, printed = check_bbj(tmp_path, "--compiler", "bbjcpl")

    assert code == 2
    assert "Set STUDIO_BBJCPL" in printed


def test_a_compiler_that_fails_its_control_pair_is_not_believed(tmp_path, settings):
    settings.STUDIO_BBJCPL = script(tmp_path, "")  # accepts everything
    settings.STUDIO_SANDBOX = False
    (tmp_path / "a.bbj").write_text(GOOD)

    code, printed = check_bbj(tmp_path, "--json")

    report = json.loads(printed)
    assert (code, report["ok"]) == (2, False)
    assert [p["code"] for p in report["problems"]] == ["not-judged"]
    assert "answered compiled for the known bad control file" in report["problems"][0]["message"]


def test_a_path_with_nothing_to_read_is_an_error(tmp_path):
    code, printed = check_bbj(tmp_path / "none", "--compiler", "offline")

    assert code == 1
    assert "there is no such file" in printed


def test_label_generation_shows_its_evidence(tmp_path):
    (tmp_path / "a.bbj").write_text("x=1\nprint 'CS'\n")
    out = io.StringIO()

    call_command("label_generation", str(tmp_path), "--json", stdout=out)

    report = json.loads(out.getvalue())
    (row,) = report["suggestions"]
    assert (report["ok"], row["labels"], row["ask_a_person"]) == (True, ["character"], False)
    assert [(e["line"], e["column"], e["end_column"], e["text"]) for e in row["evidence"]] == [
        (2, 7, 11, "'CS'")
    ]
