"""ChatML is a pure view of an example: prompt and completion messages, and back from an answer to its code.

The wording is a versioned template. A dataset version stores TEMPLATE_VERSION, so any change of a sentence
below needs a new one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.domain.control_tokens import CONTROL_TOKEN, CONTROL_TOKENS
from curation.domain.labels import GENERATION_NAMES
from curation.domain.markdown import CodeFile, ExampleDoc

__all__ = [
    "CONTROL_TOKENS",
    "SYSTEM_PROMPTS",
    "TEMPLATE_VERSION",
    "ControlTokenError",
    "Extraction",
    "RenderError",
    "chat_text",
    "extract_code",
    "gold_code",
    "prompt_code",
    "render",
    "render_conversation",
    "render_general",
    "system_prompt",
]

TEMPLATE_VERSION = "chatml-1"

# The policy of this template version: every row begins with exactly one system message. An example's is made
# from its type and its generation labels alone; a conversation and general code keep the one they came with.
_EXPLAINER = (
    "You are an expert BBj programmer who explains code to other developers. The code is for {generation}."
)
SYSTEM_PROMPTS = {
    "completion": "You are an expert BBj programmer. Write code for {generation}.",
    "comprehension": _EXPLAINER,
    "migration": "You are an expert BBj programmer who migrates code from {source} to {target}.",
    "explanation": _EXPLAINER,
    "conversation": "You are an expert BBj programmer.",  # where it came without one
    "general": "You are an expert programmer.",  # where it came without one
}

# Possessive (*+): an answer that repeats one letter for ever must not cost the square of its length.
_FENCE = re.compile(r"(?ms)^ {0,3}```[ \t]*+([\w+-]*+)[^\n]*+\n(.*?)(?:^ {0,3}```[ \t]*$|\Z)")
_STATEMENT = re.compile(
    r"""(?ix) \s* (?: \d+ \s+ )?                     # a line number
    (?: (?: rem | print | input | let | class | use | open | close | if | for | while | switch | method
          | declare | dim | read | write | gosub | goto | return | end | release | process_events ) \b
      | \#? [_a-z]\w* (?: [$%!]? \s* = | ! \. )          # name$ = …, window!.addButton(…)
      | [_a-z]\w* : \s* $ )                              # a label
    """
)
_SENTENCE_END = re.compile(r"[A-Za-z)][.?]$")


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
    system = system_prompt(doc)
    user, assistant = _PARTS[doc.type](doc)
    if doc.type in ("comprehension", "migration") and not prompt_code(doc).strip():
        place = "below ### Before (…)" if doc.type == "migration" else "in ## Code"
        raise RenderError(
            f"{doc.path}: a {doc.type} example without code to ask about. Add a bbj fence {place}."
        )
    if not assistant.strip():
        needed = {"completion": "a bbj fence in ## Code", "migration": "a bbj fence below ### After (…)"}.get(
            doc.type, "text in ## Explanation"
        )
        raise RenderError(f"{doc.path}: a {doc.type} example without an answer. Add {needed}.")
    if not user.strip():
        raise RenderError(f"{doc.path}: a {doc.type} example without a prompt. Write a title or description.")
    for text in (system, user, assistant):
        if token := CONTROL_TOKEN.search(text):
            raise ControlTokenError(
                f"{doc.path}: the control token {token[0]} is in the text. Write it another way."
            )
    return {
        "prompt": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "completion": [{"role": "assistant", "content": assistant}],
    }


def system_prompt(doc: ExampleDoc) -> str:
    """The system message of an example, by its type and its generation labels."""
    return SYSTEM_PROMPTS[doc.type].format(generation=_names(doc.generations), **_move(doc))


def render_conversation(system: str, prompt: str, answer: str) -> dict[str, list[dict[str, str]]]:
    """A conversation that is no example, in the same form; its own system prompt stays where it has one."""
    return {
        "prompt": [
            {"role": "system", "content": system or SYSTEM_PROMPTS["conversation"]},
            {"role": "user", "content": prompt},
        ],
        "completion": [{"role": "assistant", "content": answer}],
    }


def render_general(system: str, prompt: str, answer: str) -> dict[str, list[dict[str, str]]]:
    """A question about code that is not BBj: without a system prompt of its own it does not speak of BBj."""
    return render_conversation(system or SYSTEM_PROMPTS["general"], prompt, answer)


def chat_text(messages: Sequence[Mapping[str, str]], *, answer_next: bool = False) -> str:
    """Messages as one text, in the chat form of Qwen2.5, which training's tokenizers write too."""
    turns = (f"<|im_start|>{one['role']}\n{one['content']}<|im_end|>\n" for one in messages)
    return "".join(turns) + ("<|im_start|>assistant\n" if answer_next else "")


def gold_code(doc: ExampleDoc) -> str:
    """The code of the right answer: the After side of a migration, else all files, in order."""
    return "\n".join(f.code for f in _side(doc, "after" if doc.type == "migration" else ""))


def prompt_code(doc: ExampleDoc) -> str:
    """The code in the prompt: a migration's Before side, the code to explain; "" for a completion."""
    if doc.type == "completion":
        return ""
    return "\n".join(f.code for f in _side(doc, "before" if doc.type == "migration" else ""))


def extract_code(answer: str) -> Extraction:
    """The BBj code of a model's answer.

    The first fence tagged bbj that holds something; else the first one without a tag; else, where there is no
    fence, the whole text if at least half of its lines start like BBj statements and do not end like
    sentences. A fence that is never closed counts up to the end of the text.
    """
    answer = answer.replace("\r\n", "\n")
    fences = [(tag.lower(), code) for tag, code in _FENCE.findall(answer)]
    for wanted, rule in (("bbj", "bbj fence"), ("", "untagged fence")):
        for tag, code in fences:
            if tag == wanted and code.strip():
                return Extraction(code, rule)
    if not fences and _looks_like_bbj(answer):
        return Extraction(answer.strip() + "\n", "whole text")
    return Extraction("", "")


def _looks_like_bbj(text: str) -> bool:
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    code = sum(bool(_STATEMENT.match(line)) and not _SENTENCE_END.search(line) for line in lines)
    return 0 < len(lines) <= 2 * code


def _completion(doc: ExampleDoc) -> tuple[str, str]:
    return doc.description or doc.title, _fenced(_side(doc, ""))


def _comprehension(doc: ExampleDoc) -> tuple[str, str]:
    return f"Explain this BBj code.\n\n{_fenced(_side(doc, ''))}", doc.explanation


def _migration(doc: ExampleDoc) -> tuple[str, str]:
    request = "Convert this code from {source} to {target}. ".format(**_move(doc))
    request += doc.description or doc.title
    answer = _fenced(_side(doc, "after"))
    if answer and doc.explanation:
        answer = f"{answer}\n\n{doc.explanation}"
    return f"{request}\n\n{_fenced(_side(doc, 'before'))}", answer


def _explanation(doc: ExampleDoc) -> tuple[str, str]:
    question = doc.description or doc.title
    code = _fenced(_side(doc, ""))
    return f"{question}\n\n{code}" if code else question, doc.explanation


_PARTS: dict[str, Any] = {
    "completion": _completion,
    "comprehension": _comprehension,
    "migration": _migration,
    "explanation": _explanation,
}


def _move(doc: ExampleDoc) -> dict[str, str]:
    """From which generation to which a migration goes, in words."""
    return {
        "source": _names((doc.from_generation,)) if doc.from_generation else "older BBj",
        "target": _names(doc.to_generation or doc.generations),
    }


def _side(doc: ExampleDoc, part: str) -> list[CodeFile]:
    """The files of one side of a migration; every file when `part` is ""."""
    return [f for f in doc.code_files if not part or f.part == part]


def _fenced(files: Sequence[CodeFile]) -> str:
    named = len(files) > 1
    headers = (f"<!-- filename: {f.name} -->\n" if named and f.name else "" for f in files)
    return "\n\n".join(f"{header}```bbj\n{f.code}```" for header, f in zip(headers, files, strict=True))


def _names(generations: Sequence[str]) -> str:
    return " and ".join(GENERATION_NAMES[g] for g in generations)
