"""Keys and passwords that stand in a text by mistake. What is found is never repeated in a message.

A rule looks for a form that real secrets have and examples need not; plain placeholders are let through.
Each rule carries an example and a counter-example, and a test holds it to both.

Source: docs/imports.md ("Secrets")
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from curation.domain.bbj.words import words
from curation.domain.problems import Problem

CODE = "secret"

# What people write where a secret would stand; compared in lower case, without signs at its ends.
_PLACEHOLDERS = words(
    """
    admin api_key apikey bar change-me change_me changeme default demo dummy empty example foo guest hidden
    key mypassword mysecret none null pass passwd password pwd redacted sample secret test todo token user
    yourpassword
    """
)
_ONLY_SIGNS = re.compile(r"[\W_x\d]*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"<.*>|\{.*\}|\[.*\]|%.*%|\$\{.*\}")


@dataclass(frozen=True)
class Rule:
    """One kind of secret.

    Attributes:
        hints: In lower case; a text without any of them is not searched, which is most texts.
        pattern: With a group "value" where what it finds may be a placeholder.
    """

    id: str
    says: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    example: str
    counter_example: str


@dataclass(frozen=True)
class Secret:
    rule: str
    line: int  # counted from 1
    says: str


RULES = (
    Rule(
        "private-key",
        "A private key begins here.",
        ("private key",),
        re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
        "-----BEGIN RSA " + "PRIVATE KEY-----",  # joined here, so that no scanner takes this file for a leak
        "-----BEGIN CERTIFICATE-----",
    ),
    Rule(
        "studio-token",
        "This looks like a token of this studio's API. Revoke it on the page API tokens.",
        ("bbj_",),
        re.compile(r"\bbbj_[0-9a-f]{12}_[\w-]{43}"),
        "bbj_" + "0123456789ab_" + "x" * 43,
        "bbj_0123456789ab",
    ),
    Rule(
        "cloud-key",
        "This looks like a cloud provider's access key.",
        ("akia", "asia", "aiza"),
        re.compile(r"\b(?P<value>(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35})\b"),
        "key$=" + '"AKIA' + 'QW3RT7YU1OP5ASDF"',
        'key$="AKIA"',
    ),
    Rule(
        "service-token",
        "This looks like a token of a service.",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "sk-", "sk_live_", "eyj"),
        re.compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,}|glpat-[\w-]{20}|xox[abprs]-[\w-]{10,}"
            r"|sk-[A-Za-z0-9_-]{20,}|sk_live_[A-Za-z0-9]{16,}"
            r"|eyJ[\w-]{10,300}\.eyJ[\w-]{10})"
        ),
        "gh" + "p_16C7e42F292c6912E7710c838347Ae178B4a",
        "ghp_short",
    ),
    Rule(
        "password-literal",
        "A password or key is written out.",
        (
            "pass",
            "pwd",
            "apikey",
            "api_key",
            "secretkey",
            "secret_key",
            "accesstoken",
            "access_token",
            "authtoken",
            "auth_token",
        ),
        re.compile(
            r"""\b(?:\w*(?:password|passwd|passphrase|api_?key|secret_?key|access_?token|auth_?token)|pwd\w*|pass)
                [$!]?\s*=\s*"(?P<value>[^"\n]{4,200})"
            """,
            re.IGNORECASE | re.VERBOSE,
        ),
        'password$="Tr0ub4dor&3"',
        'if password$="demo" then goto welcome',
    ),
    Rule(
        "connection-string",
        "A connection string holds a password.",
        ("password=", "pwd="),
        re.compile(r"[;?&,](?:password|pwd)=(?P<value>[^;&,\s\"']{3,200})", re.IGNORECASE),
        'sqlopen(1)"jdbc:mysql://db;user=app;' + 'password=Wint3rhalter!"',
        'sqlopen(1)"jdbc:mysql://db;user=app;password=changeme"',
    ),
    Rule(
        "url-password",
        "An address holds a password.",
        ("://",),
        re.compile(
            r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"']{1,100}:(?P<value>[^\s/@\"']{3,200})@", re.IGNORECASE
        ),
        "https://" + "app:W1nterhalter@db.example.org/",
        "https://user:password@db.example.org/",
    ),
)


def find_secrets(text: str) -> list[Secret]:
    """Every secret in the order of the text, each rule at most once a line."""
    lowered = text.lower()
    likely = (rule for rule in RULES if any(hint in lowered for hint in rule.hints))
    found = {(_line(text, at), rule.id): rule for rule in likely for at in _places(rule, text)}
    return [Secret(id, line, found[line, id].says) for line, id in sorted(found)]


def problems(text: str, *, file: str) -> list[Problem]:
    """The same as problems. A warning: the text may be kept, and it cannot be approved."""
    return [
        Problem(
            file,
            secret.line,
            CODE,
            "warning",
            f"{secret.says} ({secret.rule})",
            'Write a placeholder such as "secret"; until then nobody can approve it.',
        )
        for secret in find_secrets(text)
    ]


def _places(rule: Rule, text: str) -> Iterator[int]:
    for match in rule.pattern.finditer(text):
        if not _is_placeholder(match.groupdict().get("value")):
            yield match.start()


def _is_placeholder(value: str | None) -> bool:
    if value is None:
        return False
    if _ONLY_SIGNS.fullmatch(value) or _IN_BRACKETS.fullmatch(value):
        return True
    return value.lower().strip("*x.-_ 0123456789") in _PLACEHOLDERS or " " in value.strip()


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
