"""What can be said about BBj source without BBj: is it broken, and which generation is it?"""

from curation.domain.bbj.check import CHECK_VERSION, Finding, check
from curation.domain.bbj.generation import Evidence, Suggestion, suggest_generation
from curation.domain.bbj.lexer import SourceToken, lex

__all__ = [
    "CHECK_VERSION",
    "Evidence",
    "Finding",
    "SourceToken",
    "Suggestion",
    "check",
    "lex",
    "suggest_generation",
]
