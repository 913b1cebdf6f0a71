"""Under which terms a text may be used: two words of our own, or an SPDX identifier.

The list is short on purpose: what source code usually comes with. Whatever is missing is written as the SPDX
standard has it for licences of one's own: LicenseRef-<name>.
"""

from __future__ import annotations

import re

from curation.domain.schema import did_you_mean

LONGEST = 60  # characters; the width of the column

# Words for what is under no public licence -> what they mean.
OWN_WORDS = {
    "own": "written in this company, which holds all rights",
    "proprietary": "somebody else's; used here by agreement",
}
SPDX = (
    "0BSD",
    "AFL-3.0",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "CDLA-Permissive-2.0",
    "EPL-2.0",
    "EUPL-1.2",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "MS-PL",
    "ODC-By-1.0",
    "PostgreSQL",
    "Python-2.0",
    "Unlicense",
    "WTFPL",
    "Zlib",
)
KNOWN = (*OWN_WORDS, *SPDX)
_SPELLING = {word.lower(): word for word in KNOWN}
_OF_ONES_OWN = re.compile(r"LicenseRef-[A-Za-z0-9.-]{1,49}")


class LicenceRefused(ValueError):
    """Not a licence that can be told from others; the message says what to write."""


def licence_of(written: str) -> str:
    """The licence in its one spelling: "apache-2.0" is "Apache-2.0".

    Raises:
        LicenceRefused: neither a word of ours, nor an SPDX identifier of the list, nor LicenseRef-….
    """
    word = written.strip()
    if known := _SPELLING.get(word.lower()):
        return known
    if _OF_ONES_OWN.fullmatch(word):
        return word
    ways = f'Write {", ".join(OWN_WORDS)}, an SPDX identifier such as "MIT", or LicenseRef- and a name.'
    if not word:
        raise LicenceRefused(f"The licence is missing. {ways}")
    if begin := [known for known in KNOWN if known.lower().startswith(word.lower())]:
        nearest = f"Write {' or '.join(begin)}."
    else:
        nearest = did_you_mean(word[:LONGEST], list(_SPELLING))
        for lower, known in _SPELLING.items():
            nearest = nearest.replace(f'"{lower}"', f'"{known}"')
    raise LicenceRefused(f'"{word[:LONGEST]}" is not a licence that is known here. {nearest or ways}')
