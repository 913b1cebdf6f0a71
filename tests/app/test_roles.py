"""Every address × method × role, from the resolver itself: a URL without a row in the matrix fails here."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from ninja import Schema

from studio import roles, tokens
from studio.api import api
from tests import makers

pytestmark = pytest.mark.one_database

VALUES = {"int": 987654321, "str": "nothing", "slug": "nothing", "path": "nothing"}
PEOPLE = ["nobody", "", *roles.ROLES]  # not signed in; signed in without a role; each role


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        elif entry.app_name not in (roles.ADMIN_SITE, roles.API):
            yield from _patterns(entry)


PATTERNS = {pattern.name: pattern for pattern in _patterns(get_resolver())}


def address(name: str) -> str:
    """The address of a row that does not exist: whoever may look gets 404, nobody else learns even that."""
    converters = PATTERNS[name].pattern.converters
    kinds = {key: type(value).__name__.removesuffix("Converter").lower() for key, value in converters.items()}
    kinds = {key: "str" if kind == "string" else kind for key, kind in kinds.items()}
    return reverse(name, kwargs={key: VALUES[kind] for key, kind in kinds.items()})


def test_every_address_has_a_name_and_a_row():
    assert set(PATTERNS) == set(roles.MATRIX)


def test_every_row_names_roles_that_exist():
    for least in roles.MATRIX.values():
        named = {role for cell in least for role in roles.named(cell)}
        assert named <= {*roles.ROLES, roles.ANYONE, roles.SIGNED_IN}


def test_a_higher_role_may_do_all_that_a_lower_one_may(db):
    for n, role in enumerate(roles.LADDER):
        assert roles.roles_of(makers.user(role)) == set(roles.LADDER[: n + 1])
    assert roles.roles_of(makers.user("admin")) == {"admin"}


@pytest.fixture
def clients(db) -> dict[str, tuple[Client, User | None]]:
    people: dict[str, tuple[Client, User | None]] = {"nobody": (Client(), None)}
    for role in PEOPLE[1:]:
        account = makers.user(role)
        people[role] = (makers.signed_in(account), account)
    return people


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", sorted(filter(None, PATTERNS)))
def test_only_the_roles_of_the_row_get_in(name, method, clients):
    least = roles.MATRIX[name][method == "post"]
    for role, (client, account) in clients.items():
        if name == "sign_out" and account:
            client = makers.signed_in(account)

        response = getattr(client, method)(address(name))

        place = f"{method.upper()} {address(name)} as {role or 'an account without a role'}"
        allowed = least == roles.ANYONE or (
            account is not None and {*roles.named(least)} & {*roles.roles_of(account), roles.SIGNED_IN}
        )
        if allowed:
            assert response.status_code < 500 or name == "readyz", place
            assert response.status_code not in (401, 403, 405), place
        elif account is None:
            assert response.status_code == 302, place
            assert response.url.startswith(reverse("sign_in")), place
        else:
            assert response.status_code == 403, place


def operations() -> list[str]:
    """Every operation that the API has, whatever the table says: "GET /examples/{example_id}"."""
    found = set()
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                found |= {f"{method} {path or '/'}" for method in operation.methods}
    return sorted(found)


def test_every_operation_of_the_api_has_a_row_and_every_row_an_operation():
    assert operations() == sorted(roles.OPERATIONS)


def test_no_two_types_of_the_api_have_one_name():
    """The schema would describe both by one of them."""
    found: dict[str, set[str]] = {}
    waiting = list(Schema.__subclasses__())
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if ".api" in one.__module__ and "[" not in one.__name__:
            found.setdefault(one.__name__, set()).add(one.__module__)

    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}


def test_every_operation_needs_a_scope_and_a_role_that_exist():
    for operation, (scope, role) in roles.OPERATIONS.items():
        assert scope in roles.SCOPES or (operation, scope) == ("GET /", None)
        assert set(roles.named(role)) <= set(roles.ROLES) or (operation, role) == ("GET /", roles.SIGNED_IN)
        reads = operation.startswith(("GET ", "POST /texts/")) or operation.endswith(("/plan", "/export"))
        assert reads or (scope or "").endswith(":write")


def test_every_scope_is_of_use():
    assert set(roles.SCOPES) == {scope for scope, _ in roles.OPERATIONS.values() if scope}


@pytest.mark.parametrize("operation", sorted(roles.OPERATIONS))
def test_only_the_role_and_the_scope_of_the_row_let_a_token_in(operation, db):
    method, _, path = operation.partition(" ")
    scope, least = roles.OPERATIONS[operation]
    place = "/api/v1" + re.sub(r"\{\w+\}", "987654321", path)
    others = [name for name in roles.SCOPES if name != scope]

    def status(secret: str) -> int:
        shown = {"Authorization": f"Bearer {secret}"} if secret else {}
        return Client().generic(method, place, headers=shown).status_code

    assert status("") == status("bbj_000000000000_wrong") == 401
    for role in PEOPLE[1:]:
        account = makers.user(role)
        _, with_scope = tokens.create(owner=account, name="all", scopes=list(roles.SCOPES), days=1)
        _, without = tokens.create(owner=account, name="others", scopes=others, days=1)

        allowed = bool(set(roles.named(least)) & {*roles.roles_of(account), roles.SIGNED_IN})
        assert (status(with_scope) not in (401, 403, 405)) == allowed, f"{operation} as {role}"
        assert (status(without) not in (401, 403, 405)) == (allowed and scope is None), (
            f"{operation} as {role}"
        )


def test_a_session_opens_nothing_of_the_api(db):
    client = makers.signed_in(makers.user("maintainer"))

    assert client.get("/api/v1/examples").status_code == 401
    assert client.post("/api/v1/snapshots", {"name": "v1"}, "application/json").status_code == 401


def test_the_admin_site_is_for_admins_only(clients):
    for role, (client, account) in clients.items():
        response = client.get("/admin/")

        assert response.status_code == (200 if role == "admin" else 403 if account else 302), role
