"""Every rule of the offline check: its id, whether it is certain, and its sentence for the author.

Each has a page in docs/rules/ with a wrong and a right example, and a test proves both.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        certain: the compiler refuses the program. False: a hint, which never counts against it.
        says: with {text} for what stands at the place, and {more} for what the rule found out.
    """

    certain: bool
    says: str


RULES = {
    # Characters and brackets
    "unclosed-string": Rule(True, 'this string has no closing "; inside one, "" is a quote and \\ only a \\'),
    "foreign-operator": Rule(True, "{text} does not exist in BBj: {more}"),
    "stray-exclamation-mark": Rule(True, "! stands alone here: {more}"),
    "unbalanced-parentheses": Rule(True, "{more}"),
    "unbalanced-brackets": Rule(True, "{more}"),
    "mnemonic-form": Rule(True, "{text} is no mnemonic: text stands in double quotes"),
    # Statements
    "unknown-statement": Rule(True, "{text} begins no statement: {more}"),
    "text-after-statement": Rule(
        True, "{text} cannot follow here: a statement ends at ; or at the line's end"
    ),
    "bare-call": Rule(
        True, "a function is no statement: assign what {text}( gives, or call a method with its object"
    ),
    "unused-value": Rule(True, "this value is not used: assign it, or print it"),
    "rem-without-semicolon": Rule(True, "a comment behind a statement is written ; REM"),
    "label-before-semicolon": Rule(True, "behind a label stands its statement, or REM, without ;"),
    "statement-after-use": Rule(True, "behind USE a line may hold only ; REM"),
    "value-expected": Rule(True, "a value is missing at {text}"),
    "value-missing": Rule(True, "{text} needs a value"),
    "text-in-parentheses": Rule(
        True, "{text} cannot stand here: separate values with a comma, or close the bracket"
    ),
    "member-expected": Rule(True, "behind the dot a name is missing, at {text}"),
    "ternary": Rule(True, "BBj has no ?: choice: write IFF(condition,this,that) or IF … THEN … ELSE"),
    "reserved-word": Rule(
        True, "{text} is a word of the language and cannot be a name; {text}$ or {text}! can"
    ),
    "assignment-target": Rule(True, "{text} cannot stand here: an assignment is written name = value"),
    "type-mismatch": Rule(True, "{more}"),
    "argument-kind": Rule(True, "{text} cannot stand here: {more}"),
    "member-of-plain-value": Rule(True, "{text}() gives no object: assign it to a name! first"),
    "whole-array": Rule(True, "a whole string array takes another whole array only: names$[] = others$[]"),
    "channel-missing": Rule(True, "{text} needs its channel in parentheses: {text} (channel, …)"),
    "label-expected": Rule(
        True, "{text} is no label: write a name, a line number or a star word such as *NEXT"
    ),
    "on-form": Rule(True, "write ON number GOTO label, label or ON number GOSUB label, label"),
    "for-form": Rule(True, "write FOR name = first TO last STEP width"),
    "dim-form": Rule(True, "write DIM name[size], DIM name$(length) or DIM name$:template$"),
    "new-form": Rule(True, "write NEW Class(arguments)"),
    "declare-form": Rule(True, "write DECLARE Type name!"),
    # Functions, classes, methods
    "def-form": Rule(True, "write DEF FNname(parameter) = value, or close it with FNEND"),
    "def-without-fn": Rule(True, "the name of a function must start with FN: DEF FN{text}("),
    "class-form": Rule(True, "write CLASS PUBLIC Name EXTENDS Other"),
    "field-form": Rule(True, "write FIELD PRIVATE Type name!"),
    "field-outside-class": Rule(True, "a class field can be declared only between CLASS and CLASSEND"),
    "method-form": Rule(True, "write METHOD PUBLIC Type name(Type parameter!)"),
    "method-parameter": Rule(True, "a parameter is written Type name, with commas between them"),
    "method-without-type": Rule(
        True, "{text} needs a type in front of it, or VOID: only a constructor has none"
    ),
    "method-outside-class": Rule(True, "METHOD can stand only between CLASS and CLASSEND"),
    "field-suffix": Rule(True, "a field of text needs a suffix: {text}! or {text}$"),
    "duplicate-field": Rule(True, "this class has a field {text} already"),
    "statement-in-class": Rule(True, "in a class only fields and methods can stand: move this into a method"),
    "unclosed-class": Rule(True, "{text} has no {more}"),
    "this-field": Rule(True, "a field of the class is written #name, without #this!"),
    # Labels and line numbers
    "undefined-label": Rule(True, "label {text} is used but not defined"),
    "number-in-unnumbered-program": Rule(True, "this line has a number and the lines before it have none"),
    # Hints
    "unclosed-block": Rule(False, "{text} has no {more}: cut off?"),
    "undefined-function": Rule(False, "{text} is called, and no DEF {text} stands in this program"),
    "other-basic-function": Rule(
        False, "{text}( is a function of other BASICs, here a variable: write {more}"
    ),
    "undefined-line-number": Rule(False, "line {text} is used but no line has that number"),
    "mixed-line-numbers": Rule(False, "number all lines or none: this one has none"),
    "class-field-outside": Rule(False, "{text} is a field, and no class stands in this program"),
    "mixed-generations": Rule(False, "the program mixes {more}: choose the generation by hand"),
}
