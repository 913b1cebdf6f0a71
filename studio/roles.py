"""Who may do what: one table, from URL name and method to the least role. No row, no access.

author ⊂ reviewer ⊂ maintainer. admin stands apart: accounts, not content.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

LADDER = ["author", "reviewer", "maintainer"]  # each may do all that the ones before it may
ADMIN = "admin"
ROLES = [*LADDER, ADMIN]
ANYONE = "anyone"
SIGNED_IN = "signed in"  # any account, also one without a role yet

# URL name -> least role to look (GET, HEAD), least role to act (POST); None = that method is refused.
MATRIX: dict[str, tuple[str | None, str | None]] = {
    "sign_in": (ANYONE, ANYONE),
    "sign_out": (None, SIGNED_IN),
    "password": (SIGNED_IN, SIGNED_IN),
    "healthz": (ANYONE, None),
    "readyz": (ANYONE, None),
    "dashboard": (SIGNED_IN, None),
    # curation
    "example_list": ("author", None),
    "example_download": ("author", None),
    "example_new": ("author", "author"),
    "example_check": (None, "author"),
    "example_near": (None, "author"),
    "example_page": ("author", None),
    "example_edit": ("author", "author"),
    "review_example": (None, "reviewer"),
    "revision_list": ("author", None),
    "revision_compare": ("author", None),
    "revision_page": ("author", None),
    "revision_restore": (None, "author"),
    "duplicate_list": ("author", None),
    "duplicate_state": ("author", None),
    "duplicate_compare": (None, "reviewer"),
    "duplicate_undo": (None, "reviewer"),
    "duplicate_cluster": ("author", None),
    "duplicate_keep": (None, "reviewer"),
    "duplicate_distinct": (None, "reviewer"),
    "draft_list": ("author", None),
    "draft_keep": (None, "author"),
    "draft_edit": ("author", "author"),
    "draft_merge": ("author", "author"),
    "draft_discard": (None, "author"),
    "secret_waive": (None, "reviewer"),
    "import": ("maintainer", "maintainer"),
    "import_folder": (None, "maintainer"),
    "import_page": ("maintainer", None),
    "import_live": ("maintainer", None),
    "import_confirm": (None, "maintainer"),
    "import_cancel": (None, "maintainer"),
    "import_problems": ("maintainer", None),
    "import_items": ("maintainer", None),
    "import_line": ("author", None),
    "import_mend": ("maintainer", None),
    "import_mend_all": (None, "maintainer"),
    "import_decide": (None, "maintainer"),
    "import_undo": (None, "maintainer"),
    "import_choose": (None, "maintainer"),
    "conversation_list": ("author", None),
    "conversation_choose": (None, "reviewer"),
    "review_next": ("reviewer", None),
    "snapshot_list": ("author", None),
    "snapshot_freeze": ("maintainer", "maintainer"),
    "snapshot_page": ("author", None),
    "snapshot_download": ("author", None),
    # training
    "run_start": ("author", "maintainer"),
    "run_list": ("author", None),
    "run_page": ("author", None),
    "run_live": ("author", None),
    "run_cancel": (None, "maintainer"),
    "model_list": ("author", None),
    "artifact_download": ("author", None),
    "evaluation_list": ("author", None),
    "evaluation_page": ("author", None),
    "attempt_draft": (None, "author"),
}
ADMIN_SITE = "admin"  # Django's own admin: role admin only


def roles_of(user: Any) -> set[str]:
    """Every role this user holds, with those a higher one includes."""
    if not user.is_authenticated or not user.is_active:
        return set()
    if not hasattr(user, "_studio_roles"):
        named = set(user.groups.values_list("name", flat=True)) & set(ROLES)
        top = max((LADDER.index(r) for r in named if r in LADDER), default=-1)
        user._studio_roles = set(LADDER[: top + 1]) | (named & {ADMIN})
    return user._studio_roles


class RoleMiddleware(MiddlewareMixin):
    """Asks the matrix before any view runs."""

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        assert match is not None  # process_view runs after URL resolution
        if match.app_names and match.app_names[0] == ADMIN_SITE:
            least: str | None = ADMIN
        else:
            look, act = MATRIX.get(match.url_name or "", (None, None))
            least = look if request.method in ("GET", "HEAD", "OPTIONS") else act
        if least == ANYONE:
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if least == SIGNED_IN:
            return None
        if least is None or least not in roles_of(request.user):
            raise PermissionDenied(f"This needs the role {least}." if least else "This is not allowed here.")
        return None


def context(request: HttpRequest) -> dict[str, Any]:
    """`roles` in every template: a set of names such as {"author", "reviewer"}."""
    user = getattr(request, "user", None)
    return {"roles": roles_of(user) if user else set()}
