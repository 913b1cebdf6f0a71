"""ChatML is a pure view of an example: prompt and completion messages, and back from an answer to its code.

The wording is a versioned template. A dataset version stores TEMPLATE_VERSION, so any change of a sentence
below needs a new one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curation.domain.labels import GENERATION_NAMES
from curation.domain.markdown import CodeFile, ExampleDoc

TEMPLATE_VERSION = "chatml-1"

CONTROL_TOKENS = (
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)

_EXPERT = "You are an expert BBj programmer. Write code for {generation}."
_EXPLAINER = "You are an expert BBj programmer who explains code to other developers. The code is for {generation}."
_MIGRATOR = "You are an expert BBj programmer who migrates code from {source} to {target}."

_FENCE = re.compile(r"^ {0,3}```[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^ {0,3}```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_LOOKS_LIKE_BBJ = re.compile(r"(?im)^\s*(?:rem|print|let|class|use|open|for|if|while|input|method)\b")


class RenderError(ValueError):
    """The example cannot become a prompt and an answer; the message says what is missing."""


class ControlTokenError(RenderError):
    """A message holds a ChatML control token, which would end the turn in the middle of the text."""


@dataclass(frozen=True)
class Extraction:
    """The code of an answer and the rule that found it: "bbj fence", "untagged fence", "whole text" or ""."""

    code: str
    rule: str


def render(doc: ExampleDoc) -> dict[str, list[dict[str, str]]]:
    """One example as {"prompt": [system, user], "completion": [assistant]}.

    Raises:
        RenderError: a part that the type needs is missing.
        ControlTokenError: a message holds a control token.
    """
    system, user, assistant = _PARTS[doc.type](doc)
    if not assistant.strip() or not user.strip():
        raise RenderError(f"{doc.path}: a {doc.type} example without {'an answer' if user.strip() else 'a prompt'}")
    for text in (system, user, assistant):
        if token := next((t for t in CONTROL_TOKENS if t in text), ""):
            raise ControlTokenError(f"{doc.path}: the text holds the control token {token}; write it another way")
    return {
        "prompt": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "completion": [{"role": "assistant", "content": assistant}],
    }


def gold_code(doc: ExampleDoc) -> str:
    """The code of the right answer: the After side of a migration, else all files, in order."""
    return "\n".join(f.code for f in _side(doc, "after" if doc.type == "migration" else ""))


def prompt_code(doc: ExampleDoc) -> str:
    """The code inside the prompt: the Before side of a migration, the code to explain; "" for a completion."""
    if doc.type == "completion":
        return ""
    return "\n".join(f.code for f in _side(doc, "before" if doc.type == "migration" else ""))


def extract_code(answer: str) -> Extraction:
    """The BBj code of a model's answer.

    The first fence tagged bbj; else the first fence without a tag; else the whole text, if a line of it starts
    like a BBj statement. A fence that is never closed counts up to the end of the text.
    """
    fences = [(tag.lower(), code) for tag, code in _FENCE.findall(answer)]
    for wanted, rule in (("bbj", "bbj fence"), ("", "untagged fence")):
        for tag, code in fences:
            if tag == wanted and code.strip():
                return Extraction(code, rule)
    if not fences and _LOOKS_LIKE_BBJ.search(answer):
        return Extraction(answer.strip() + "\n", "whole text")
    return Extraction("", "")


def _completion(doc: ExampleDoc) -> tuple[str, str, str]:
    return _EXPERT.format(generation=_names(doc.generations)), doc.description or doc.title, _fenced(_side(doc, ""))


def _comprehension(doc: ExampleDoc) -> tuple[str, str, str]:
    question = f"Explain this BBj code.\n\n{_fenced(_side(doc, ''))}"
    return _EXPLAINER.format(generation=_names(doc.generations)), question, doc.explanation


def _migration(doc: ExampleDoc) -> tuple[str, str, str]:
    source = _names((doc.from_generation,)) if doc.from_generation else "older BBj"
    target = _names(doc.to_generation) if doc.to_generation else _names(doc.generations)
    request = f"Convert this code from {source} to {target}. {doc.description or doc.title}"
    answer = _fenced(_side(doc, "after"))
    if answer and doc.explanation:
        answer = f"{answer}\n\n{doc.explanation}"
    return _MIGRATOR.format(source=source, target=target), f"{request}\n\n{_fenced(_side(doc, 'before'))}", answer


def _explanation(doc: ExampleDoc) -> tuple[str, str, str]:
    question = doc.description or doc.title
    code = _fenced(_side(doc, ""))
    return (
        _EXPLAINER.format(generation=_names(doc.generations)),
        f"{question}\n\n{code}" if code else question,
        doc.explanation,
    )


_PARTS: dict[str, Any] = {
    "completion": _completion,
    "comprehension": _comprehension,
    "migration": _migration,
    "explanation": _explanation,
}


def _side(doc: ExampleDoc, part: str) -> list[CodeFile]:
    """The files of one side; every file when the example has no sides."""
    return [f for f in doc.code_files if not part or f.part == part]


def _fenced(files: Sequence[CodeFile]) -> str:
    named = len(files) > 1
    blocks = (f"<!-- filename: {f.name} -->\n" * bool(named and f.name) + f"```bbj\n{f.code}```" for f in files)
    return "\n\n".join(blocks)


def _names(generations: Sequence[str]) -> str:
    return " and ".join(GENERATION_NAMES[g] for g in generations)
