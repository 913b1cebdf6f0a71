"""A person's label against the code of the whole example, a migration's two sides apart."""

from pathlib import Path

import pytest

from curation.domain import markdown
from curation.domain.agreement import agreement, answer_label
from tests import makers

TRAINING_DATA = Path(__file__).resolve().parents[3] / "training-data"
SCREEN = "rem screen\nprint 'CS',@(5,3),x$\n"
WINDOW = 'rem window\nwindow! = BBjAPI().openSysGui("X0").addWindow(1,1,9,9,"x")\n'
BROWSER = 'rem style\nbutton!.setStyle("color","red")\n'


def example(code: str, **fields: str) -> markdown.ExampleDoc:
    doc = markdown.parse(makers.example_text(code=code, **fields), path="gui/one.md").doc
    assert doc is not None
    return doc


def migration(before: str, after: str, front: str) -> markdown.ExampleDoc:
    code = f"```bbj\n{before}```\n\n### After (new)\n\n```bbj\n{after}```\n"
    text = f"---\ntitle: Move\ntype: migration\n{front}---\n\n## Code\n\n### Before (old)\n\n{code}"
    doc = markdown.parse(text, path="gui/one.md").doc
    assert doc is not None
    return doc


def shipped() -> list[Path]:
    return [file for file in sorted(TRAINING_DATA.rglob("*.md")) if file.parent != TRAINING_DATA]


@pytest.mark.parametrize("file", shipped(), ids=lambda file: file.stem)
def test_the_label_of_every_shipped_example_and_task_is_borne_out(file):
    doc = markdown.parse(file.read_text(), path=f"{file.parent.name}/{file.name}").doc
    assert doc is not None

    judged = agreement(doc)

    assert judged.verdict == "conforms", [part.said.sentence for part in judged.parts]


def test_each_side_of_a_migration_is_judged_by_its_own_field():
    front = "generation: [bbj-gui, dwc]\nfrom_generation: character\nto_generation: [bbj-gui, dwc]\n"

    judged = agreement(migration(SCREEN, WINDOW, front))
    swapped = agreement(migration(WINDOW, SCREEN, front))

    assert [(part.part, part.field, part.said.verdict) for part in judged.parts] == [
        ("before", "from_generation", "conforms"),
        ("after", "to_generation", "conforms"),
    ]
    assert judged.verdict == "conforms"
    assert [part.said.verdict for part in swapped.parts] == ["differs", "differs"]


def test_the_after_of_a_migration_without_a_target_is_judged_by_the_label():
    judged = agreement(migration(SCREEN, WINDOW, "generation: dwc\n"))

    assert [(part.part, part.field) for part in judged.parts] == [("after", "generation")]


def test_two_generations_in_one_example_that_is_no_migration_are_for_a_person():
    judged = agreement(example(SCREEN + WINDOW, generation="character"))

    assert judged.verdict == "cannot tell"


def test_the_files_of_an_example_are_one_program():
    code = f"{WINDOW}```\n\n```bbj\n{BROWSER}"

    assert agreement(example(code, generation="dwc")).verdict == "conforms"
    assert agreement(example(code, generation="[bbj-gui, dwc]")).verdict == "differs"


def test_evidence_counts_lines_as_the_file_does():
    doc = example(SCREEN, generation="dwc")

    (trace, *_) = agreement(doc).parts[0].said.evidence

    line = doc.text.split("\n")[trace.line - 1]
    assert line[trace.column - 1 : trace.end - 1] == trace.text == "'CS'"


def test_an_example_without_code_cannot_be_told():
    text = "---\ntitle: Talk\ntype: explanation\ngeneration: dwc\n---\n\n## Explanation\n\nBecause.\n"
    doc = markdown.parse(text, path="dwc/talk.md").doc
    assert doc is not None

    assert agreement(doc).verdict == "cannot tell"


def test_an_answer_is_asked_to_be_of_the_target_of_a_migration():
    front = "generation: dwc\nfrom_generation: character\nto_generation: [bbj-gui, dwc]\n"

    assert answer_label(migration(SCREEN, WINDOW, front)) == ("bbj-gui", "dwc")
    assert answer_label(example(SCREEN, generation="character")) == ("character",)
