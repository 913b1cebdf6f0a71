"""Texts for the duplicates benchmark: BBj-like examples of which about one in eight repeats an earlier one.

They look like what the studio compares: title, prompt, program and explanation in one normalised line. How
many characters unrelated texts have in common decides how long a search takes. It is about as in the shipped
examples: between two texts about as long, the counts of characters differ by 1.4 times what .9 allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

RELATIVES = 0.12  # share of the texts that repeat an earlier one


def _words(text: str) -> list[str]:
    return text.split()


_SUBJECTS = _words(
    "customer invoice order article supplier account address booking payment shipment warehouse employee "
    "ticket contract product delivery receipt journal budget vehicle machine patient student project meeting "
    "recipe"
)
_THINGS = _words(
    "list report window grid total index lookup import export filter search backup summary label barcode "
    "chart calendar menu counter printout archive record channel template mask history column table tree"
)
_ROLES = _words(
    "name count value row date code text flag key path line rate sum pos mode item size info state limit "
    "page buffer handle result offset width"
)
_VERBS = _words("write create build show change extend repair replace explain convert print sort check")
_ADVICE = (
    "close the channel before the program ends",
    "check the error branch when the file is missing",
    "keep the window open until somebody closes it",
    "use a string template for the record",
    "the mask decides how the number is printed",
    "the event loop runs until the callback releases it",
    "an empty line ends the input",
    "read the key first and the record after it",
    "the vector grows by itself",
    "dates are julian numbers and need a mask",
    "a label is left with return",
    "the total is printed below the last row",
    "trim the string before you compare it",
    "lock the record while it is changed",
    "fields are separated by a line feed",
    "the grid is filled row by row",
    "numbers are rounded to two places",
    "show a message when nothing was found",
    "the report starts a new page after sixty lines",
    "the client keeps the last position of the window",
    "compare the strings in upper case",
    "the counter starts at one and not at zero",
    "sort the list before it is shown",
    "the path is taken from the environment",
)
_STATEMENTS = (
    "{a}$ = cvs({b}$,{n})",
    "{a} = {b} + {n}",
    "{a}! = bbjapi().makevector()",
    '{a}! = sysgui!.addwindow({n},{m},{n},{m},"{w} {v}",$00010083$)',
    '{a}! = {b}!.addbutton({n},{m},{n},90,30,"{w}",$$)',
    '{a}!.setcallback({a}!.on_button_push,"{b}")',
    '{a}! = {b}!.addeditbox({n},{m},{n},200,25,"{w}",$$)',
    'print "{w} {v}: ",{a}',
    "print (1){a}$,{b},{c}$",
    "if {a}<{n} then {b} = {n} else {b} = {c}",
    'if {a}$="{w}" then gosub {b}',
    "for {a}=1 to {b}",
    "next {a}",
    "while {a}<{b}",
    "wend",
    'open (1,err={a})"{w}.dat"',
    "read record (1,key={a}$,err={b}){c}$",
    'dim {a}$:"{b}:c({n}),{c}:n({m})"',
    "write record (1){a}$",
    "{a}.{b}$ = {c}$",
    "gosub {a}",
    "{a}: return",
    "rem {w} {v} and {w} of the {v}",
    '{a}$ = date(jul(0,0,0):"%yd-%mz-%dz")',
    "{a}!.additem({b}$ + {c}$)",
    "{a} = {b}!.size() - {n}",
    "{a}$ = {b}!.getitem({c}).tostring()",
    'call "{w}.bbj",{a}$,{b},{c}!',
    "switch {a}; case {n}; {b} = {m}; break; swend",
    '{a} = pos("{w}" = {b}$,{n})',
    '{a}$ = {b}$({n},{m}) + str({c}:"###,##0.00")',
    "{a}!.setcellstring({b},{n},{c}$)",
    "sqlopen ({n}){a}$; sqlprep ({n}){b}$; sqlexec ({n})",
    'x = msgbox("{w} {v}?",{n},"{v}")',
    "process_events",
    'input "{w}: ",{a}$',
)


_NUMBER = re.compile(r"\b\d{2,}")  # longer than the places of names


@dataclass(frozen=True)
class Example:
    title: str
    prompt: tuple[str, ...]
    code: tuple[str, ...]  # its names stand as {0}, {1} …
    explanation: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        return [line.format(*self.names) for line in self.code]

    def text(self) -> str:
        return f"{self.title} {'. '.join(self.prompt)}. {' '.join(self.lines)} {'. '.join(self.explanation)}."


def texts(count: int) -> Iterator[str]:
    """The first `count` of an endless list that is the same on every machine. Median: 1,170 characters."""
    return (example.text() for _, example in examples(count))


def examples(count: int) -> Iterator[tuple[int, Example]]:
    """The same before they are joined, each with the number of the one that it repeats, else its own."""
    for number in range(count):
        chance = Random(number)
        if _repeats(number, chance):
            source = chance.randrange(number)
            while _repeats(source, other := Random(source)):
                source -= 1
            yield source, chance.choice(_KINDS)(_original(other), chance)
        else:
            yield number, _original(chance)


def _repeats(number: int, chance: Random) -> bool:
    return chance.random() < RELATIVES and number > 0


def _original(chance: Random) -> Example:
    lines = min(140, max(6, round(chance.lognormvariate(2.9, 0.6))))
    names = _names(chance)
    subject, thing = chance.choice(_SUBJECTS), chance.choice(_THINGS)
    forms = chance.sample(_STATEMENTS, 14)  # a program is about a window, or a file, and not about everything
    return Example(
        f"{subject} {thing}",
        (
            f"{chance.choice(_VERBS)} a program for the {thing} of one {subject}",
            *chance.sample(_ADVICE, chance.randint(1, 3)),
        ),
        tuple(_statement(chance, forms, len(names), (subject, thing)) for _ in range(lines)),
        (f"the {subject} stands in the {thing}", *chance.sample(_ADVICE, chance.randint(2, 4))),
        names,
    )


def _names(chance: Random) -> tuple[str, ...]:
    return tuple(
        f"{a}_{b}" for a, b in zip(chance.sample(_SUBJECTS, 6), chance.sample(_ROLES, 6), strict=True)
    )


def _statement(chance: Random, forms: Sequence[str], names: int, words: tuple[str, str]) -> str:
    a, b, c = (f"{{{chance.randrange(names)}}}" for _ in range(3))
    w, v = words if chance.random() < 0.5 else (chance.choice(_SUBJECTS), chance.choice(_THINGS))
    n, m = chance.randrange(400), chance.randrange(1_000)
    return chance.choice(forms).format(a=a, b=b, c=c, w=w, v=v, n=n, m=m)


def _same(example: Example, _chance: Random) -> Example:
    """Differed in layout only, so not at all once normalised."""
    return example


def _retyped(example: Example, chance: Random) -> Example:
    """Another title, and other numbers in some statements."""
    code = [
        _NUMBER.sub(str(chance.randrange(1_000)), line) if chance.random() < 0.3 else line
        for line in example.code
    ]
    return replace(example, title=f"{chance.choice(_VERBS)} {example.title}", code=tuple(code))


def _extended(example: Example, chance: Random) -> Example:
    """A few statements more, and a few less."""
    code = list(example.code)
    for _ in range(1 + len(code) // 20):
        del code[chance.randrange(len(code))]
        line = _statement(chance, _STATEMENTS, len(example.names), ("value", "place"))
        code.insert(chance.randrange(len(code) + 1), line)
    return replace(example, code=tuple(code))


def _commented(example: Example, chance: Random) -> Example:
    """A comment at every tenth statement."""
    code = [
        f"{line} rem {chance.choice(_ADVICE)}" if chance.random() < 0.1 else line for line in example.code
    ]
    return replace(example, code=tuple(code))


def _renamed(example: Example, chance: Random) -> Example:
    """Half of the names are others."""
    others = _names(chance)
    return replace(example, names=(*others[:3], *example.names[3:]))


def _reordered(example: Example, chance: Random) -> Example:
    """The sentences stand in another order."""
    prompt, explanation = list(example.prompt), list(example.explanation)
    chance.shuffle(prompt)
    chance.shuffle(explanation)
    return replace(example, prompt=tuple(prompt), explanation=tuple(explanation))


def _reworded(example: Example, chance: Random) -> Example:
    """Another prompt for the same program."""
    return replace(example, prompt=tuple(chance.sample(_ADVICE, 2)))


_KINDS: tuple[Callable[[Example, Random], Example], ...] = (
    _same,
    _retyped,
    _extended,
    _commented,
    _renamed,
    _reordered,
    _reworded,
)
