"""In which way two examples are alike: the kind of a pair, and what shows it.

Each respect in which two examples can be the same is one digest, so that a kind is found by comparing digests
and nothing else has to be read. How alike two texts are as a number is for curation.domain.duplicates.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from curation.domain import chatml, duplicates
from curation.domain.bbj import words as bbj_words
from curation.domain.markdown import ExampleDoc

Kind = Literal["identical", "formatting", "same-pair", "renamed", "same-code", "same-prompt", "near"]
KINDS: tuple[Kind, ...] = (
    "identical",
    "formatting",
    "same-pair",
    "renamed",
    "same-code",
    "same-prompt",
    "near",
)

# Words that a program cannot rename. A name with a suffix ($ % !) is a variable whatever its stem says.
_LANGUAGE = (
    bbj_words.VERBS
    | bbj_words.FUNCTIONS
    | bbj_words.OPTIONS
    | bbj_words.OPERATORS
    | bbj_words.PARTS
    | bbj_words.TYPES
    | bbj_words.SYSTEM_VARIABLES
)
_NAME = re.compile(r"[^\W\d]\w*([$%!]?)")
_NO_DIGEST = ""  # of what an example does not have; it equals nothing


@dataclass(frozen=True)
class Fingerprint:
    """What of an example can be the same as of another one. Each field is a digest, or "" for: there is none.

    Attributes:
        words: Title to explanation, character by character.
        plain: The same without case and layout, and of code only the tokens.
        prompt, answer: What a model is asked and what it learns to say, without case and layout.
        code: The tokens of all code.
        renamed: `code` with the program's own names numbered as they appear.
        template: `renamed` without strings and numbers.
    """

    words: str = _NO_DIGEST
    plain: str = _NO_DIGEST
    prompt: str = _NO_DIGEST
    answer: str = _NO_DIGEST
    code: str = _NO_DIGEST
    renamed: str = _NO_DIGEST
    template: str = _NO_DIGEST


def fingerprint(doc: ExampleDoc) -> Fingerprint:
    """An example without a prompt and an answer yet has a fingerprint without them."""
    prose = (doc.title, doc.description, doc.expected, doc.explanation)
    codes = [duplicates.normalise_code(file.code) for file in doc.code_files]
    code = " ".join(filter(None, codes))
    try:
        said = chatml.render(doc)
    except chatml.RenderError:
        prompt = answer = ""
    else:
        prompt, answer = said["prompt"][-1]["content"], said["completion"][-1]["content"]
    return Fingerprint(
        words=digest("\0".join([*prose, *(file.code for file in doc.code_files)])),
        plain=digest("\0".join([*(duplicates.normalise(text) for text in prose), *codes])),
        prompt=digest(duplicates.normalise(prompt)),
        answer=digest(duplicates.normalise(answer)),
        code=digest(code),
        renamed=digest(_renamed(code)),
        template=digest(_renamed(code, literals=False)),
    )


def digest(text: str) -> str:
    """32 hexadecimal digits, or "" for nothing but blanks."""
    if not text.strip(" \0"):
        return _NO_DIGEST
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def kind_of(a: Fingerprint, b: Fingerprint) -> Kind:
    """The strongest thing that two near examples have in common.

    identical: the same words and code. formatting: other case, layout, comments or line numbers only.
    same-pair: the same prompt and answer; the title or another text that is not trained on differs.
    renamed: the same code but for the program's own names. same-code: the same code under another prompt.
    same-prompt: the same prompt with another answer. near: none of these; only the likeness speaks.
    """
    if _same(a.words, b.words):
        return "identical"
    if _same(a.plain, b.plain):
        return "formatting"
    same_code, same_prompt = _same(a.code, b.code), _same(a.prompt, b.prompt)
    if same_prompt and _same(a.answer, b.answer):
        return "same-pair"
    if not same_code and _same(a.renamed, b.renamed):
        return "renamed"
    if same_code and not same_prompt:
        return "same-code"
    return "same-prompt" if same_prompt else "near"


def same_template(a: Fingerprint, b: Fingerprint) -> bool:
    """Alike but for names, strings and numbers. Worth a look, and no duplicate: it may be another program."""
    return _same(a.template, b.template)


def renames(left: str, right: str) -> list[tuple[str, str]]:
    """(name on the left, name on the right), as they appear, of programs that differ in their own names only.

    Empty when they differ in anything else, or in nothing.
    """
    first, second = (duplicates.normalise_code(code) for code in (left, right))
    if _renamed(first) != _renamed(second):
        return []
    pairs = zip(first.split(), second.split(), strict=True)
    return list(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))


def _same(a: str, b: str) -> bool:
    return a == b != _NO_DIGEST


def _renamed(code: str, *, literals: bool = True) -> str:
    """Normalised code with each of its own names as «1», «2»…; equal exactly after a one-to-one renaming.

    A member of an object (behind a dot) keeps its name: the object's class decides that.
    """
    numbers: dict[str, str] = {}
    tokens = []
    before = ""
    for token in code.split():
        name = _NAME.fullmatch(token)
        if name and before != "." and (name[1] or token not in _LANGUAGE):
            tokens.append(numbers.setdefault(token, f"«{len(numbers) + 1}»{name[1]}"))
        elif not literals and token[0] == '"':
            tokens.append('""')
        elif not literals and token.isdigit():
            tokens.append("0")
        else:
            tokens.append(token)
        before = token
    return " ".join(tokens)
