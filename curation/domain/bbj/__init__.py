"""What can be said about BBj source without BBj: is it broken, and which generation is it?"""

from curation.domain.bbj.check import CHECK_VERSION, Finding, check
from curation.domain.bbj.conformance import Conformance, conformance
from curation.domain.bbj.generation import Suggestion, suggest_generation
from curation.domain.bbj.generation_traces import Evidence
from curation.domain.bbj.lexer import SourceToken, lex

__all__ = [
    "CHECK_VERSION",
    "Conformance",
    "Evidence",
    "Finding",
    "SourceToken",
    "Suggestion",
    "check",
    "conformance",
    "lex",
    "suggest_generation",
]
