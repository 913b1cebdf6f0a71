"""Training text in any amount: the shipped corpus, again and again with other names and numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parents[2] / "training-data" / "corpus"


def write_corpus(tokenizer: Any, target: Path, *, least_tokens: int) -> None:
    """Files for stage 1 that come to at least this many tokens."""
    target.mkdir(parents=True)
    tokens = copy = 0
    while tokens < least_tokens:
        copy += 1
        for number, program in enumerate(_programs()):
            text = f"rem copy {copy}\n" + program.replace("!", f"{copy}!")
            (target / f"{copy:04}-{number:03}.bbj").write_text(text, encoding="utf-8")
            tokens += len(tokenizer.encode(text).ids)


def write_rows(tokenizer: Any, target: Path, *, rows: int, tokens: int) -> None:
    """Chat rows for stage 2 whose answers are about this many tokens long, so that little is padding."""
    stream = tokenizer.encode("\n".join(_programs())).ids
    stream = stream * (1 + (rows + 1) * 37 // len(stream) + tokens // len(stream))
    with target.open("w", encoding="utf-8") as file:
        for row in range(rows):
            answer = tokenizer.decode(stream[row * 37 : row * 37 + tokens], skip_special_tokens=False)
            question = {"role": "user", "content": f"Write program number {row}."}
            values = {"prompt": [question], "completion": [{"role": "assistant", "content": answer}]}
            file.write(json.dumps(values) + "\n")


def _programs() -> list[str]:
    return [file.read_text(encoding="utf-8") for file in sorted(CORPUS.rglob("*.bbj"))]
