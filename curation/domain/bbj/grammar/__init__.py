"""Read the statements of one logical line: recursive descent over the shapes of its tokens.

A problem is only told where BBj's compiler is known to refuse. Verbs whose syntax is rare or doubtful are
skipped to the end of their statement.

    shapes        what the grammar needs to know of a token
    reading       what a line says
    values        expressions, names, arguments
    declarations  CLASS, METHOD, FIELD, DECLARE, DEF
    statements    all other verbs; assignments

Source: docs/offline-check.md ("How statements are read")
"""

from curation.domain.bbj.grammar.reading import NOTHING_SAID, Reading
from curation.domain.bbj.grammar.shapes import shapes_of
from curation.domain.bbj.grammar.statements import read

__all__ = ["NOTHING_SAID", "Reading", "read", "shapes_of"]
