"""Whatever is done to the corpus, in any order: nothing goes, and the list says what the versions say."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.models import CorpusFile, CorpusProgram
from curation.services import gathering, selecting, source_files, stocking, verifying

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.slow(2)]

NAMES, TEXTS, LICENCES = ("a.bbj", "b.bbj"), ("print 1", "PRINT  1", "print 2", "\xff"), ("MIT", "own")
ADD = st.tuples(st.just("add"), st.sampled_from(NAMES), st.sampled_from(TEXTS), st.sampled_from(LICENCES))
WORD = st.tuples(
    st.sampled_from(("take_out", "put_back", "relicense")), st.sampled_from(NAMES), st.sampled_from(LICENCES)
)


def do(step: tuple[str, ...], by: User) -> None:
    word, path, *rest = step
    if word == "add":
        file = source_files.SourceFile(path, rest[0].encode("latin-1"))
        gathering.add([file], gathering.Terms(rest[1], "acme"), author=by)
        return
    program = CorpusProgram.objects.filter(path=path).first()
    if program is None:
        return
    with suppress(stocking.StockRefused):  # it is so already
        if word == "relicense":
            stocking.relicense(program=program, licence=rest[0], source="acme", by=by, seen=program.versions)
        else:
            getattr(stocking, word)(program=program, by=by, seen=program.versions, reason="so it is")


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(ADD | WORD, max_size=10))
def test_versions_only_come_and_the_list_is_what_the_newest_say(steps, maintainer):
    with transaction.atomic():
        rows: list[tuple[int, str]] = []
        for step in steps:
            do(step, maintainer)
            before, rows = rows, list(CorpusFile.objects.order_by("pk").values_list("pk", "text"))
            assert rows[: len(before)] == before
            assert len(rows) <= len(before) + 1
        assert list(verifying.programs()) == []
        for program in CorpusProgram.objects.all():
            numbers = list(stocking.versions_of(program).values_list("number", flat=True))
            assert numbers == list(range(program.versions, 0, -1))
        forms = [program.form for program in CorpusProgram.objects.all()]
        assert len(set(forms)) == len(forms), "the same program is stored once"
        taken = {one.path for one in selecting.choose().corpus}
        assert taken == set(CorpusProgram.objects.filter(included=True).values_list("path", flat=True))
        transaction.set_rollback(True)
