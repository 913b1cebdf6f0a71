"""The form of the editor: one row for each field of the front matter, a card for each program, and the texts.

It reads what was typed and judges nothing: the parser reads the text that is made of it, and says what is
wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from curation.domain.composing import CodePiece, Pieces
from curation.domain.field_lines import Value
from curation.domain.format_notes import format_notes
from curation.domain.schema import FieldKind, choices, field_kinds, schema
from curation.forms.examples import SourceField
from curation.services import drafting

MOST_PROGRAMS = 30
LONGEST_FIELD = 16 * 1024  # characters; what front matter may have in all
LONG_FIELDS = ("description",)  # a box of several lines
NOTED = ("type", "generation")  # each of their words is explained beside it
ONLY_MIGRATION = ("from_generation", "to_generation")
SIDES = [("", "no side"), ("before", "Before"), ("after", "After")]
KINDS = [("output", "output"), ("behavior", "behaviour")]


@dataclass(frozen=True)
class Choice:
    value: str
    note: str  # Markdown of one line
    chosen: bool


@dataclass(frozen=True)
class Row:
    """One field of the front matter as a page shows it."""

    piece: str
    kind: str  # "line", "text", "one" or "several"
    value: str
    choices: tuple[Choice, ...]
    note: str  # Markdown of one line
    needed: bool
    only_migration: bool

    @property
    def name(self) -> str:
        return f"field-{self.piece}"

    @property
    def title(self) -> str:
        return title_of(self.piece)

    @property
    def noted(self) -> bool:
        return any(choice.note for choice in self.choices)


@dataclass(frozen=True)
class Program:
    """One program as a page shows it; `number` is what its fields are named by."""

    number: str
    name: str
    part: str
    code: str
    removed: bool = False

    @property
    def prefix(self) -> str:
        return f"file-{self.number}"

    @property
    def sides(self) -> list[tuple[str, str]]:
        return SIDES

    @property
    def rows(self) -> int:
        return min(max(self.code.count("\n") + 2, 8), 40)


class WordsField(forms.MultipleChoiceField):
    """Any words: one that the schema does not have is the parser's to refuse."""

    def valid_value(self, value: str) -> bool:
        return len(value) <= LONGEST_FIELD


class SheetForm(forms.Form):
    preface = SourceField(required=False, max_length=drafting.MAX_TEXT)
    expected_kind = forms.CharField(required=False, max_length=20)
    expected = SourceField(required=False, max_length=drafting.MAX_TEXT)
    explanation = SourceField(required=False, max_length=drafting.MAX_TEXT)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, kind in field_kinds().items():
            words = WordsField(required=False)
            text = SourceField(required=False, max_length=LONGEST_FIELD)
            self.fields[f"field-{name}"] = words if kind == "words" else text


class ProgramForm(forms.Form):
    name = SourceField(required=False, max_length=200)
    part = forms.CharField(required=False, max_length=20)
    code = SourceField(required=False, max_length=drafting.MAX_TEXT)


ProgramForms = forms.formset_factory(
    ProgramForm,
    extra=0,
    can_delete=True,
    max_num=MOST_PROGRAMS,
    absolute_max=2 * MOST_PROGRAMS,  # one too many is said, not lost
    validate_max=True,
)


class Sheet:
    """Pieces as a page shows them, or what a browser sent of them."""

    def __init__(
        self, pieces: Pieces, posted: Mapping[str, Any] | None = None, *, one_more: bool = False
    ) -> None:
        """
        Args:
            pieces: Of the text that the page was made from.
            posted: A QueryDict; what was typed over them.
            one_more: Show an empty program behind the others.
        """
        self.base = pieces
        self.form = SheetForm(posted, initial=_shown(pieces))
        programs = [{"name": one.name, "part": one.part, "code": one.code} for one in pieces.code]
        self.formset = ProgramForms(posted, initial=programs + [{}] * one_more, prefix="file")

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), self.formset.is_valid()])

    def sentences(self) -> list[str]:
        """What is wrong with the form itself: a field that is too long, too many programs."""
        named = [
            f"{title_of(name.removeprefix('field-'))}: {each}"
            for form in (self.form, *self.formset.forms)
            for name, errors in form.errors.items()
            for each in errors
        ]
        return [*named, *map(str, self.formset.non_form_errors())]

    # What was typed

    def pieces(self) -> Pieces:
        """The pieces that a valid form holds. What was not touched is as it was, to the character."""
        data = self.form.cleaned_data
        fields = {
            name: value
            for name, kind in field_kinds().items()
            if (value := _typed(name, kind, data[f"field-{name}"], self.base.fields.get(name, "")))
        }
        expected = data["expected"].strip()
        return Pieces(
            fields=fields,
            preface=data["preface"].strip(),
            code=tuple(piece for _, piece in self._code()),
            expected_kind=_one_of(KINDS, data["expected_kind"]) if expected else "",
            expected=expected,
            explanation=data["explanation"].strip(),
        )

    def numbers(self) -> list[int]:
        """Which program of the form each one of the text is."""
        if not self.formset.is_bound:
            return list(range(len(self.base.code)))
        return [number for number, _ in self._code()] if self.formset.is_valid() else []

    def _code(self) -> list[tuple[int, CodePiece]]:
        """The programs that were not taken out. A new one that is still empty is none yet."""
        found = []
        for number, form in enumerate(self.formset.forms):
            data = form.cleaned_data
            name, code = data.get("name", "").strip(), data.get("code", "")
            if data.get("DELETE") or (number >= len(self.base.code) and not name and not code.strip()):
                continue
            found.append((number, CodePiece(code, name, _one_of(SIDES, data.get("part", "")))))
        if [piece.part for _, piece in found] != [piece.part for piece in self.base.code]:
            sides = list(dict(SIDES))  # Before comes before After, in whatever order they were added
            found.sort(key=lambda one: sides.index(one[1].part))
        return found

    # What is shown

    def rows(self) -> Iterator[Row]:
        notes, needed = format_notes(), schema()["required"]
        for name, kind in field_kinds().items():
            value = self.form[f"field-{name}"].value() or ""
            words = choices(name)
            yield Row(
                piece=name,
                kind=_row_kind(name, kind),
                value=value if isinstance(value, str) else "",
                choices=tuple(_choices(name, kind, [value] if isinstance(value, str) else value)),
                note="" if words and all(word in notes[name] for word in words) else notes[name],
                needed=name in needed,
                only_migration=name in ONLY_MIGRATION,
            )

    def programs(self) -> list[Program]:
        return [
            Program(
                number=str(number),
                name=form["name"].value() or "",
                part=form["part"].value() or "",
                code=form["code"].value() or "",
                removed=bool(form["DELETE"].value()),
            )
            for number, form in enumerate(self.formset.forms)
        ]

    def new_program(self, number: str = "__number__") -> Program:
        """An empty one, which a script copies; without scripts the page comes again with one more."""
        return Program(number, "", "", "")

    def text_of(self, piece: str) -> str:
        return self.form[piece].value() or ""

    def kinds(self) -> list[tuple[str, str, bool]]:
        chosen = self.form["expected_kind"].value() or "output"
        return [(value, words, value == chosen) for value, words in KINDS]


def title_of(piece: str) -> str:
    """What a page calls a piece: "requires_version" is "Requires version"."""
    return piece.replace("_", " ").capitalize()


def _one_of(pairs: Sequence[tuple[str, str]], typed: str) -> str:
    return typed if typed in dict(pairs) else pairs[0][0]


def _row_kind(name: str, kind: FieldKind) -> str:
    return {"word": "one", "words": "several"}.get(kind, "text" if name in LONG_FIELDS else "line")


def _choices(name: str, kind: FieldKind, chosen: Sequence[str]) -> Iterator[Choice]:
    """The schema's words, and what stands in the text besides: it is not lost by being shown."""
    if kind not in ("word", "words"):
        return
    if kind == "word" and name not in schema()["required"]:
        yield Choice("", "", not any(chosen))
    for word in dict.fromkeys((*choices(name), *filter(None, chosen))):
        yield Choice(word, format_notes().get(word, "") if name in NOTED else "", word in chosen)


def _shown(pieces: Pieces) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "preface": pieces.preface,
        "expected_kind": pieces.expected_kind,
        "expected": pieces.expected,
        "explanation": pieces.explanation,
    }
    for name, kind in field_kinds().items():
        shown[f"field-{name}"] = _shown_value(kind, pieces.fields.get(name, ""))
    return shown


def _shown_value(kind: FieldKind, value: Value) -> str | list[str]:
    if isinstance(value, str):
        return value
    return list(value) if kind == "words" else ", ".join(value)


def _typed(name: str, kind: FieldKind, typed: Any, before: Value) -> Value:
    """A field's new value; the one before where what is shown of it was not touched.

    The brackets and quotes of YAML, which FORMAT.md shows, are no part of a value that is typed into a form.
    """
    if kind == "words":
        return before if set(typed) == set(before) else tuple(typed)
    text: str = typed.strip()
    if kind == "list" and text != ", ".join(before):
        return tuple(filter(None, map(str.strip, text.removeprefix("[").removesuffix("]").split(","))))
    if kind == "list" or text == before:
        return before
    return text.strip("\"'") if name == "requires_version" else text
