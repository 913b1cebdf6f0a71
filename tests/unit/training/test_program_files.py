from __future__ import annotations

from training.recipes.frame import program_files


def test_raw_programs_are_read_whatever_their_suffix_in_path_order(tmp_path):
    for name in ("b/z.SRC", "a.bbj", "b/a.txt", "README.md", "a.bbj.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("print 1\n")

    found = [file.relative_to(tmp_path).as_posix() for file in program_files(tmp_path)]

    assert found == ["a.bbj", "b/a.txt", "b/z.SRC"]
