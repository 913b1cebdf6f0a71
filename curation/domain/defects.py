"""Named defects of a conversation's answer, and how each may be mended. A person decides.

| code | what it means | mended by |
| --- | --- | --- |
| escaped-newlines | all on one line, with a backslash and an n for each line break | unescaping |
| mixed-newlines | line breaks and literal backslash-n both: some may belong there | each place alone |
| code-without-fence | BBj that stands bare | a fence around it |
| fence-without-tag | BBj in a fence that does not say so | the tag bbj |
| quoted-code | BBj behind ">" signs | a fence instead |
| short-answer | 10 characters or fewer | by hand |
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator

from curation.domain.passages import Passage, is_bbj, passages

SHORTEST_ANSWER = 11  # characters; what is shorter is flagged
REPEATED_PROMPT = "repeated-prompt"  # of a set, see chat_rows.repeated_prompts

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "", '"': '"', "\\": "\\"}
_BACKTICKS = re.compile(r"^ {0,3}(`{3,})", re.MULTILINE)
_NEWLINE = re.compile(r"\\n")
_WINDOWS_PATH = re.compile(r"[A-Za-z]:\\[^\s\"']*")
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|(?<!`)`[^`\n]+`(?!`)")

DEFECTS = {
    "escaped-newlines": "The whole answer stands on one line, with \\n written out instead of line breaks.",
    "mixed-newlines": "The answer has line breaks and also \\n written out.",
    "code-without-fence": "BBj code stands in the answer without a fence.",
    "fence-without-tag": "A fence holds BBj code and is not tagged bbj.",
    "quoted-code": 'BBj code stands behind ">" signs instead of in a fence.',
    "short-answer": f"The answer has fewer than {SHORTEST_ANSWER} characters.",
    REPEATED_PROMPT: "The same prompt stands on several lines.",
}


REMEDIES = {
    "escaped-newlines": "Unescape it, after a look at the preview.",
    "mixed-newlines": "Say of each \\n whether it is a line break.",
    "code-without-fence": "Put it into a ```bbj fence.",
    "fence-without-tag": "Tag it ```bbj",
    "quoted-code": "Put it into a ```bbj fence instead.",
    "short-answer": "Write a whole answer, or leave the line out.",
    REPEATED_PROMPT: "Choose one answer, merge them, or keep them all.",
}


def defects(answer: str) -> list[str]:
    """The codes of all defects, in the order of DEFECTS; an escaped answer is judged no further."""
    places = newline_places(answer)
    if places and "\n" not in answer and not all(quoted for _, quoted in places):
        return ["escaped-newlines"]
    found = ["mixed-newlines"] if places else []
    parts = passages(answer)
    found += [code for code, is_so in _OF_A_PASSAGE.items() if any(is_so(part) for part in parts)]
    if len(answer.strip()) < SHORTEST_ANSWER:
        found.append("short-answer")
    return found


def mend(code: str, answer: str, *, places: Collection[int] | None = None) -> str | None:
    """The answer without this defect; None when it has none that can be mended by rule.

    Args:
        places: For mixed-newlines: which of `newline_places` become line breaks, counted from 0. Without
            it, those outside quotes.
    """
    if code not in _MENDS:
        return None
    if code == "mixed-newlines":
        mended = _unescape_places(answer, places)
    else:
        mended = _MENDS[code](answer)
    return mended if mended != answer else None


def newline_places(text: str) -> list[tuple[int, bool]]:
    """(offset, whether it stands in quotes) of every literal backslash-n outside Windows paths."""
    if "\\n" not in text:
        return []
    in_path, in_quotes = _inside(_WINDOWS_PATH, text), _inside(_QUOTED, text)
    starts = (match.start() for match in _NEWLINE.finditer(text))
    return [(at, in_quotes(at)) for at in starts if not in_path(at)]


def _inside(pattern: re.Pattern[str], text: str) -> Callable[[int], bool]:
    """Whether an offset lies in what the pattern finds, by bisection: a hostile text has 100,000 of them."""
    spans = [match.span() for match in pattern.finditer(text)]

    def holds(at: int) -> bool:
        before = bisect_right(spans, at, key=lambda span: span[0]) - 1
        return before >= 0 and at < spans[before][1]

    return holds


def fenced(code: str) -> str:
    """Code in a bbj fence, which is longer than any fence inside it."""
    longest = max((len(found) for found in _BACKTICKS.findall(code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}bbj\n{code}\n{fence}"


def _unescape(text: str) -> str:
    """Undo one round of escaping. Where an unknown escape stands, only the line breaks are undone."""
    if all(found in _ESCAPED for found in _ESCAPE.findall(text)):
        return _ESCAPE.sub(lambda match: _ESCAPED[match[1]], text)
    return _unescape_places(text, None)


def _unescape_places(text: str, chosen: Collection[int] | None) -> str:
    pieces, done = [], 0
    wanted = None if chosen is None else set(chosen)
    for number, (at, quoted) in enumerate(newline_places(text)):
        if not quoted if wanted is None else number in wanted:
            pieces += [text[done:at], "\n"]
            done = at + 2
    return "".join([*pieces, text[done:]])


def _bare_code(part: Passage) -> bool:
    return part.kind == "code"


def _untagged_code(part: Passage) -> bool:
    return part.kind == "fence" and not part.tag and is_bbj(part.body)


def _quoted_code(part: Passage) -> bool:
    return part.kind == "quote" and is_bbj(part.body)


_OF_A_PASSAGE: dict[str, Callable[[Passage], bool]] = {
    "code-without-fence": _bare_code,
    "fence-without-tag": _untagged_code,
    "quoted-code": _quoted_code,
}


def _fence_what(is_so: Callable[[Passage], bool]) -> Callable[[str], str]:
    """A mend that writes every such passage as a bbj fence and leaves all other lines as they are."""

    def mended(answer: str) -> str:
        return "\n".join(_rewritten(answer, is_so))

    return mended


def _rewritten(answer: str, is_so: Callable[[Passage], bool]) -> Iterator[str]:
    lines = answer.split("\n")
    at = 0
    for part in passages(answer):
        if not is_so(part):
            continue
        yield from lines[at : part.first]
        yield fenced(part.body)
        at = part.last + 1
    yield from lines[at:]


_MENDS: dict[str, Callable[[str], str]] = {
    "escaped-newlines": _unescape,
    "mixed-newlines": lambda answer: _unescape_places(answer, None),
    "code-without-fence": _fence_what(_bare_code),
    "fence-without-tag": _fence_what(_untagged_code),
    "quoted-code": _fence_what(_quoted_code),
}
