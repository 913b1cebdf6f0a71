"""The text that a new example starts from: a template for each type, with places to fill."""

from __future__ import annotations

from collections.abc import Sequence

from curation.domain.labels import TYPES

_CODE = {
    "migration": "### Before\n\n```bbj\nrem \n```\n\n### After\n\n```bbj\nrem \n```\n",
    "explanation": "",
}


def beginning(kind: str = TYPES[0], *, generations: Sequence[str] = (), difficulty: str = "basic") -> str:
    """An example file of a type, nothing in it that would be left over when it is filled in."""
    label = ", ".join(generations)
    lines = [
        'title: ""',
        f"type: {kind}",
        f"generation: {f'[{label}]' if len(generations) > 1 else label}".rstrip(),
        f"difficulty: {difficulty}".rstrip(),
        "tags: []",
        'description: ""',
        *(["from_generation:", "to_generation:"] if kind == "migration" else []),
    ]
    code = _CODE.get(kind, "```bbj\nrem \n```\n")
    sections = [f"## Code\n\n{code}" if code else "## Code\n", "## Expected Output\n", "## Explanation\n"]
    return "---\n" + "\n".join(lines) + "\n---\n\n" + "\n".join(sections)
