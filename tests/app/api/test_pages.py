"""The pages of the API: a person's tokens, and the reference."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.urls import reverse
from ninja import Schema

from studio import roles, tokens
from studio.api import api
from studio.models import ApiToken
from studio.reference import reference
from tests import makers

pytestmark = pytest.mark.one_database

ASKED = {"name": "nightly", "days": 30, "scopes": ["examples:read", "runs:read"]}


def test_a_secret_is_shown_once(db):
    client = makers.signed_in(makers.user())

    made = client.post("/tokens/", ASKED)
    later = client.get("/tokens/")

    secret = made.context["secret"]
    assert tokens.recognise(secret) == ApiToken.objects.get()
    assert secret in made.content.decode()
    assert secret not in later.content.decode()
    assert "nightly" in later.content.decode()
    assert "no-store" in made["Cache-Control"]


def test_a_token_that_makes_no_sense_is_refused_and_nothing_typed_is_lost(db):
    client = makers.signed_in(makers.user())

    mistakes: list[dict[str, Any]] = [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"days": 91},
        {"name": ""},
        {"name": " "},
    ]
    for wrong in mistakes:
        answer = client.post("/tokens/", {**ASKED, **wrong})

        assert answer.status_code == 422, wrong
        assert answer.context["form"]["name"].value() == {**ASKED, **wrong}["name"]
    assert not ApiToken.objects.exists()


def test_a_person_has_twenty_valid_tokens_at_most(db):
    account = makers.user()
    for n in range(tokens.MOST_TOKENS):
        tokens.create(owner=account, name=str(n), scopes=["runs:read"], days=1)
    client = makers.signed_in(account)

    full = client.post("/tokens/", ASKED)
    tokens.revoke(token=ApiToken.objects.first() or ApiToken(), by=account)

    assert (full.status_code, client.post("/tokens/", ASKED).status_code) == (422, 200)


def test_each_person_sees_and_revokes_their_own_and_an_admin_all(db):
    owner, other, admin = makers.user(), makers.user("maintainer"), makers.user("admin")
    token, _ = tokens.create(owner=owner, name="mine", scopes=["runs:read"], days=1)
    place = reverse("token_revoke", args=[token.pk])

    assert "mine" not in makers.signed_in(other).get("/tokens/").content.decode()
    assert makers.signed_in(other).post(place).status_code == 404
    assert "mine" in makers.signed_in(admin).get("/tokens/").content.decode()
    assert makers.signed_in(admin).post(place).status_code == 302
    token.refresh_from_db()
    assert (token.revoked_by, bool(token.revoked_at)) == (admin, True)


def test_the_reference_describes_every_operation_and_needs_no_script(db):
    text = makers.signed_in(makers.user()).get("/api/docs").content.decode()

    described = [one for _, some in reference().groups for one in some]
    named = {f"{one.method} {one.path.removeprefix('/api/v1')}" for one in described}
    assert named == set(roles.OPERATIONS)
    assert all(one.summary and f'id="{one.anchor}"' in text for one in described)
    assert all(field.type.words or field.type.shape for one in described for field in one.fields)
    assert "<script>" not in text
    assert 'id="problem-stale"' in text


def test_no_two_objects_of_the_schema_have_one_name():
    """ninja would describe both by the last one."""

    def below(shape: type[Schema]) -> set[type[Schema]]:
        return {shape, *(deep for child in shape.__subclasses__() for deep in below(child))}

    of_bodies = set(api.get_openapi_schema()["components"]["schemas"])
    ours = [one for one in below(Schema) if one.__module__.startswith(("curation", "training", "studio"))]
    names = Counter(one.__name__ for one in ours if one.__name__ in of_bodies)
    assert [name for name, times in names.items() if times > 1] == []


def test_the_schema_is_for_those_who_may_read_the_reference(db):
    schema = makers.signed_in(makers.user()).get("/api/openapi.json").json()

    assert schema["openapi"].startswith("3.1")
    edit = schema["paths"]["/api/v1/examples/{example_id}"]["put"]
    assert (edit["x-scope"], edit["x-role"]) == ("examples:write", "author")
    assert {"400", "401", "403", "404", "409", "412", "413", "415", "422", "428"} < set(edit["responses"])
    assert [p["required"] for p in edit["parameters"] if p["name"] == "If-Match"] == [True]
