"""Files to import, of any number: the shipped examples, each copy with a title or prompt of its own."""

from __future__ import annotations

import itertools
import json
import zipfile
from pathlib import Path

from curation.domain import chatml, markdown
from curation.domain.labels import TOPICS
from curation.domain.markdown import ExampleDoc

SYSTEM = "You are an expert BBj programmer who helps users write and understand BBj code."


def shipped(folder: Path) -> list[ExampleDoc]:
    """Every shipped example, in path order."""
    files = [
        (f"{topic}/{file.name}", file) for topic in TOPICS for file in sorted((folder / topic).glob("*.md"))
    ]
    parsed = (markdown.parse(file.read_text(encoding="utf-8"), path=path).doc for path, file in files)
    return [doc for doc in parsed if doc]


def write_chatml(docs: list[ExampleDoc], lines: int, to: Path) -> None:
    """A .jsonl of so many lines, no prompt twice."""
    pairs = [_pair(doc) for doc in docs]
    with to.open("w", encoding="utf-8") as file:
        for number, (prompt, answer) in zip(range(lines), itertools.cycle(pairs), strict=False):
            contents = (SYSTEM, f"{prompt} (case {number})", answer)
            messages = [
                {"role": role, "content": content}
                for role, content in zip(("system", "user", "assistant"), contents, strict=True)
            ]
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")


def write_archive(docs: list[ExampleDoc], files: int, to: Path) -> None:
    """A .zip of so many examples, no text twice."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, doc in zip(range(files), itertools.cycle(docs), strict=False):
            text = doc.text.replace(doc.title, f"{doc.title} {number}", 1)
            archive.writestr(f"{doc.topic}/copy-{number}.md", text)


def _pair(doc: ExampleDoc) -> tuple[str, str]:
    rendered = chatml.render(doc)
    return rendered["prompt"][1]["content"], rendered["completion"][0]["content"]
