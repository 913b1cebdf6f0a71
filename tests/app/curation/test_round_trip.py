"""Import, then export: the same bytes, for every shipped example and for those that hypothesis makes."""

from __future__ import annotations

import io
import uuid
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from curation.domain.chat_examples import write_example
from curation.domain.labels import TOPICS, TYPES
from curation.models import Example
from curation.services import authoring, queueing, uploading, writing_back
from curation.services.finding import Filters
from tests import makers

SHIPPED = Path(settings.ROOT) / "training-data"


def imported(author, files: dict[str, bytes]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    job = uploading.upload(
        name="set.zip", chunks=[packed.getvalue()], author=author, idempotency_key=uuid.uuid4().hex
    )
    for _ in range(2):
        makers.worked(job)
        assert job.state in ("ready", "done"), job.failure_message
        queueing.confirm(job)


def test_every_shipped_example_comes_back_byte_for_byte(author, tmp_path, settings):
    settings.VAR = tmp_path
    files = {
        f"{topic}/{file.name}": file.read_bytes()
        for topic in TOPICS
        for file in (SHIPPED / topic).glob("*.md")
    }

    imported(author, files)
    writing_back.export_tree(tmp_path / "out", Filters())

    out = tmp_path / "out"
    assert {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*.md")} == files


WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Cf", "Zl", "Zp")), min_size=1, max_size=60
)
PROSE = st.lists(WORDS.filter(lambda text: not text.startswith(("#", "`", "~", " ", "-"))), max_size=5).map(
    "\n".join
)


@pytest.mark.django_db(transaction=True)
@limits(max_examples=25, deadline=None)
@given(title=WORDS, type=st.sampled_from(TYPES), description=WORDS, explanation=PROSE, code=PROSE)
def test_any_example_comes_back_byte_for_byte(tmp_path_factory, title, type, description, explanation, code):
    settings.VAR = tmp_path_factory.mktemp("var")
    sections = [("Code", f"```bbj\n{code}\n```"), ("Explanation", explanation)]
    meta = {"title": title, "type": type, "generation": ["bbj-gui", "dwc"], "description": description}
    text = write_example(meta, sections)
    path = f"gui/{uuid.uuid4().hex}.md"
    if not authoring.read(text.encode(), path=path).ok:
        return

    imported(makers.user(), {path: text.encode()})

    head = Example.objects.select_related("head").get(path=path).head
    assert head
    assert head.text.encode() == text.encode()
