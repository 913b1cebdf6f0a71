"""Every address × method × role, from the resolver itself: a URL without a row in the matrix fails here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from studio import roles
from tests import makers

VALUES = {"int": 987654321, "str": "nothing", "slug": "nothing", "path": "nothing"}
PEOPLE = ["nobody", "", *roles.ROLES]  # not signed in; signed in without a role; each role


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        elif entry.app_name != roles.ADMIN_SITE:
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
        assert set(least) <= {*roles.ROLES, roles.ANYONE, roles.SIGNED_IN, None}


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
            account is not None and least in {*roles.roles_of(account), roles.SIGNED_IN}
        )
        if allowed:
            assert response.status_code < 500 or name == "readyz", place
            assert response.status_code not in (401, 403, 405), place
        elif account is None:
            assert response.status_code == 302, place
            assert response.url.startswith(reverse("sign_in")), place
        else:
            assert response.status_code == 403, place


def test_the_admin_site_is_for_admins_only(clients):
    for role, (client, account) in clients.items():
        response = client.get("/admin/")

        assert response.status_code == (200 if role == "admin" else 403 if account else 302), role
