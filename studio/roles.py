"""Who may do what: one table, from URL name and method to the least role. No row, no access.

author ⊂ reviewer ⊂ maintainer. admin stands apart: accounts, not content.
"""

from __future__ import annotations

from collections.abc import Collection
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

Least = str | tuple[str, ...] | None  # a role, or several of which one is enough

# URL name -> least role to look (GET, HEAD), least role to act (POST); None = that method is refused.
MATRIX: dict[str, tuple[Least, Least]] = {
    "sign_in": (ANYONE, ANYONE),
    "sign_out": (None, SIGNED_IN),
    "password": (SIGNED_IN, SIGNED_IN),
    "token_list": (SIGNED_IN, SIGNED_IN),
    "token_revoke": (None, SIGNED_IN),
    "audit_log": (("maintainer", ADMIN), None),
    "audit_export": (None, ("maintainer", ADMIN)),
    "api_reference": ("author", None),
    "api_schema": ("author", None),
    "healthz": (ANYONE, None),
    "readyz": (ANYONE, None),
    "dashboard": (SIGNED_IN, None),
    # curation
    "example_list": ("author", None),
    "example_tags": ("author", None),
    "bulk_choose": ("author", None),
    "bulk_text": (None, "author"),
    "bulk_verdict": (None, "reviewer"),
    "bulk_reviewers": (None, "reviewer"),
    "bulk_needed": (None, "maintainer"),
    "bulk_done": ("author", None),
    "bulk_undo": (None, "author"),
    "view_list": ("author", "author"),
    "view_counts": ("author", None),
    "view_change": (None, "author"),
    "view_delete": (None, "author"),
    "example_download": ("author", None),
    "example_new": ("author", "author"),
    "example_check": (None, "author"),
    "example_preview": (None, "author"),
    "example_near": (None, "author"),
    "example_page": ("author", None),
    "example_edit": ("author", "author"),
    "example_duplicate": (None, "author"),
    "review_example": (None, "reviewer"),
    "revision_list": ("author", None),
    "revision_compare": ("author", None),
    "revision_page": ("author", None),
    "revision_restore": (None, "author"),
    "coverage": ("author", None),
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
    "import_conflicts": ("maintainer", None),
    "import_reconcile": (None, "maintainer"),
    "import_merge": ("maintainer", "maintainer"),
    "import_mend": ("maintainer", None),
    "import_mend_all": (None, "maintainer"),
    "import_decide": (None, "maintainer"),
    "import_undo": (None, "maintainer"),
    "import_choose": (None, "maintainer"),
    "conversation_list": ("author", None),
    "conversation_choose": (None, "reviewer"),
    "corpus_list": ("author", None),
    "corpus_add": ("maintainer", "maintainer"),
    "corpus_page": ("author", None),
    "corpus_version": ("author", None),
    "corpus_relicense": (None, "maintainer"),
    "corpus_choose": (None, "maintainer"),
    "general_add": ("maintainer", "maintainer"),
    "general_choose": (None, "maintainer"),
    "agreement": ("reviewer", None),
    "label_list": ("author", None),
    "label_example": (None, "author"),
    "label_undo": (None, "author"),
    "review_next": ("reviewer", None),
    "review_fix": (None, "reviewer"),
    "review_undo": (None, "reviewer"),
    "comment_add": (None, "author"),
    "example_assign": (None, "reviewer"),
    "example_needed": (None, "maintainer"),
    "dispute_next": ("reviewer", None),
    "dispute_page": ("reviewer", None),
    "dispute_settle": (None, "reviewer"),
    "snapshot_list": ("author", None),
    "snapshot_freeze": ("maintainer", "maintainer"),
    "freeze_page": ("maintainer", "maintainer"),
    "freeze_live": ("maintainer", None),
    "freeze_cancel": (None, "maintainer"),
    "snapshot_page": ("author", None),
    "snapshot_download": ("author", None),
    "snapshot_export": ("author", None),
    "snapshot_compare": ("author", None),
    "snapshot_diff": ("author", None),
    "snapshot_change": ("author", None),
    "snapshot_changes": ("author", None),
    "snapshot_changelog": ("author", None),
    "revision_tokens": ("author", None),
    "mask_request": (None, "maintainer"),
    "mask_page": ("author", None),
    "mask_live": ("author", None),
    "mask_cancel": (None, "maintainer"),
    # training
    "run_start": ("author", "maintainer"),
    "probe_start": (None, "maintainer"),
    "probe_live": ("author", None),
    "probe_cancel": (None, "maintainer"),
    "run_list": ("author", None),
    "run_page": ("author", None),
    "run_compare": ("author", None),
    "run_live": ("author", None),
    "run_bundle": ("author", None),
    "run_log": ("author", None),
    "run_log_download": ("author", None),
    "run_cancel": (None, "maintainer"),
    "run_keep": (None, "maintainer"),
    "run_resume": (None, "maintainer"),
    "queue_page": ("author", None),
    "queue_live": ("author", None),
    "queue_move": (None, "maintainer"),
    "queue_cancel": (None, "maintainer"),
    "model_list": ("author", None),
    "artifact_download": ("author", None),
    "evaluation_list": ("author", None),
    "evaluation_page": ("author", None),
    "attempt_draft": (None, "author"),
    "task_list": ("author", None),
    "task_set_freeze": ("maintainer", "maintainer"),
    "holdout_list": ("maintainer", None),
    "task_look": (None, "maintainer"),
    "task_download": (None, "maintainer"),
    "lineage_example": ("author", None),
    "lineage_snapshot": ("author", None),
}
ADMIN_SITE = "admin"  # Django's own admin: role admin only
API = "ninja"  # the API (studio/door.py): tokens instead of sessions, and a table of its own:

# What a token may be made for -> in words.
SCOPES = {
    "examples:read": "read examples, revisions, reviews and near-duplicates; check texts",
    "examples:write": "write and label examples, comments, drafts, saved views",
    "reviews:write": "judge and mend examples, ask reviewers, waive what is no secret",
    "undo:write": "take back what you did last",
    "duplicates:write": "decide about near-duplicates",
    "imports:read": "read imports",
    "imports:write": "import files, decide about their defects",
    "conversations:write": "take conversations into dataset versions, or out",
    "corpus:read": "read raw programs, and where general code came from",
    "corpus:write": "add raw programs and general code, change their terms, take them out",
    "snapshots:read": "read and download dataset versions",
    "snapshots:write": "freeze dataset versions, have their loss mask counted",
    "runs:read": "read training runs, models and scores; download models",
    "runs:write": "start, move and cancel training runs",
    "tasks:read": "read test tasks of the triage pool and your own, totals, and task sets",
    "tasks:write": "write and mark test tasks; freeze sets and, with a reason, read the holdout",
    "audit:read": "read and download the audit log",
}

# Operation of the API -> scope that its token needs (None: any token), least role of the token's owner.
# Without a row there is no such operation.
OPERATIONS: dict[str, tuple[str | None, Least]] = {
    "GET /": (None, SIGNED_IN),
    "GET /waiting": ("examples:read", "author"),
    "GET /undo": ("examples:read", "author"),
    "POST /undo": ("undo:write", "author"),
    "GET /examples": ("examples:read", "author"),
    "POST /examples": ("examples:write", "author"),
    "GET /examples.zip": ("examples:read", "author"),
    "GET /examples/{example_id}": ("examples:read", "author"),
    "PUT /examples/{example_id}": ("examples:write", "author"),
    "GET /examples/{example_id}/revisions": ("examples:read", "author"),
    "GET /examples/{example_id}/revisions/{number}": ("examples:read", "author"),
    "POST /examples/{example_id}/revisions/{number}/restore": ("examples:write", "author"),
    "GET /examples/{example_id}/near": ("examples:read", "author"),
    "GET /examples/{example_id}/reviews": ("examples:read", "author"),
    "POST /examples/{example_id}/reviews": ("reviews:write", "reviewer"),
    "POST /examples/{example_id}/comments": ("examples:write", "author"),
    "GET /examples/{example_id}/labels": ("examples:read", "author"),
    "POST /examples/{example_id}/labels": ("examples:write", "author"),
    "GET /agreement": ("examples:read", "reviewer"),
    "POST /examples/{example_id}/relabel": ("reviews:write", "reviewer"),
    "POST /examples/{example_id}/mend": ("reviews:write", "reviewer"),
    "GET /examples/{example_id}/suspects": ("examples:read", "author"),
    "POST /examples/{example_id}/waivers": ("reviews:write", "reviewer"),
    "POST /queue/next": ("reviews:write", "reviewer"),
    "DELETE /queue": ("reviews:write", "reviewer"),
    "GET /disputes": ("examples:read", "reviewer"),
    "GET /reviewers": ("examples:read", "reviewer"),
    "POST /assignments": ("reviews:write", "reviewer"),
    "POST /assignments/remove": ("reviews:write", "reviewer"),
    "POST /reviews-needed": ("reviews:write", "maintainer"),
    "GET /views": ("examples:read", "author"),
    "POST /views": ("examples:write", "author"),
    "PUT /views/{view_id}": ("examples:write", "author"),
    "DELETE /views/{view_id}": ("examples:write", "author"),
    "POST /bulk/text/plan": ("examples:read", "author"),
    "POST /bulk/text": ("examples:write", "author"),
    "POST /bulk/verdict/plan": ("examples:read", "reviewer"),
    "POST /bulk/verdict": ("reviews:write", "reviewer"),
    "POST /bulk/reviewers/plan": ("examples:read", "reviewer"),
    "POST /bulk/reviewers": ("reviews:write", "reviewer"),
    "POST /bulk/needed/plan": ("examples:read", "maintainer"),
    "POST /bulk/needed": ("reviews:write", "maintainer"),
    "GET /tags": ("examples:read", "author"),
    "GET /coverage": ("examples:read", "author"),
    "POST /texts/check": ("examples:read", "author"),
    "POST /texts/near": ("examples:read", "author"),
    "POST /texts/length": ("examples:read", "author"),
    "POST /texts/generations": ("examples:read", "author"),
    "GET /drafts": ("examples:read", "author"),
    "POST /drafts": ("examples:write", "author"),
    "GET /drafts/{draft_id}": ("examples:read", "author"),
    "PUT /drafts/{draft_id}": ("examples:write", "author"),
    "GET /drafts/{draft_id}/merge": ("examples:read", "author"),
    "POST /drafts/{draft_id}/merge": ("examples:write", "author"),
    "DELETE /drafts/{draft_id}": ("examples:write", "author"),
    "GET /duplicates": ("examples:read", "author"),
    "GET /duplicates/state": ("examples:read", "author"),
    "GET /duplicates/decisions": ("examples:read", "author"),
    "POST /duplicates/compare": ("duplicates:write", "reviewer"),
    "POST /duplicates/keep": ("duplicates:write", "reviewer"),
    "POST /duplicates/distinct": ("duplicates:write", "reviewer"),
    "POST /duplicates/undo": ("duplicates:write", "reviewer"),
    "GET /imports": ("imports:read", "maintainer"),
    "POST /imports": ("imports:write", "maintainer"),
    "POST /imports/folder": ("imports:write", "maintainer"),
    "GET /imports/{job_id}": ("imports:read", "maintainer"),
    "POST /imports/{job_id}/confirm": ("imports:write", "maintainer"),
    "POST /imports/{job_id}/cancel": ("imports:write", "maintainer"),
    "GET /imports/{job_id}/problems": ("imports:read", "maintainer"),
    "GET /imports/{job_id}/items": ("imports:read", "maintainer"),
    "GET /imports/{job_id}/items/{position}": ("imports:read", "author"),
    "PUT /imports/{job_id}/problems/{problem_id}/decision": ("imports:write", "maintainer"),
    "DELETE /imports/{job_id}/problems/{problem_id}/decision": ("imports:write", "maintainer"),
    "GET /imports/{job_id}/conflicts/{problem_id}": ("imports:read", "maintainer"),
    "PUT /imports/{job_id}/conflicts/{problem_id}/decision": ("imports:write", "maintainer"),
    "DELETE /imports/{job_id}/conflicts/{problem_id}/decision": ("imports:write", "maintainer"),
    "PUT /imports/{job_id}/groups/{group}/decision": ("imports:write", "maintainer"),
    "PUT /imports/{job_id}/mended/{code}": ("imports:write", "maintainer"),
    "DELETE /imports/{job_id}/mended/{code}": ("imports:write", "maintainer"),
    "GET /conversations": ("examples:read", "author"),
    "POST /conversations/choose": ("conversations:write", "reviewer"),
    "GET /corpus": ("corpus:read", "author"),
    "POST /corpus": ("corpus:write", "maintainer"),
    "GET /corpus/{program_id}": ("corpus:read", "author"),
    "GET /corpus/{program_id}/versions/{number}": ("corpus:read", "author"),
    "POST /corpus/{program_id}/licence": ("corpus:write", "maintainer"),
    "POST /corpus/{program_id}/take-out": ("corpus:write", "maintainer"),
    "POST /corpus/{program_id}/put-back": ("corpus:write", "maintainer"),
    "GET /general": ("corpus:read", "author"),
    "POST /general": ("corpus:write", "maintainer"),
    "POST /general/choose": ("corpus:write", "maintainer"),
    "GET /snapshots": ("snapshots:read", "author"),
    "POST /snapshots": ("snapshots:write", "maintainer"),
    "GET /snapshot-plan": ("snapshots:read", "maintainer"),
    "GET /freeze-jobs": ("snapshots:read", "maintainer"),
    "POST /freeze-jobs": ("snapshots:write", "maintainer"),
    "GET /freeze-jobs/{freeze_id}": ("snapshots:read", "maintainer"),
    "POST /freeze-jobs/{freeze_id}/cancel": ("snapshots:write", "maintainer"),
    "GET /snapshots/{snapshot_id}": ("snapshots:read", "author"),
    "GET /snapshots/{snapshot_id}/entries": ("snapshots:read", "author"),
    "GET /snapshots/{snapshot_id}/changelog": ("snapshots:read", "author"),
    "GET /snapshots/{snapshot_id}/diff/{other_id}": ("snapshots:read", "author"),
    "GET /snapshots/{snapshot_id}/diff/{other_id}/changes": ("snapshots:read", "author"),
    "GET /snapshots/{snapshot_id}/diff/{other_id}/changes/{position}": ("snapshots:read", "author"),
    "GET /snapshots/{snapshot_id}/files/{file_name}": ("snapshots:read", "author"),
    "GET /snapshots/{snapshot_id}/exports/{format}": ("snapshots:read", "author"),
    "GET /examples/{example_id}/revisions/{number}/tokens": ("examples:read", "author"),
    "GET /snapshots/{snapshot_id}/mask-audits": ("snapshots:read", "author"),
    "POST /snapshots/{snapshot_id}/mask-audits": ("snapshots:write", "maintainer"),
    "GET /mask-audits/{audit_id}": ("snapshots:read", "author"),
    "POST /mask-audits/{audit_id}/cancel": ("snapshots:write", "maintainer"),
    "GET /runs": ("runs:read", "author"),
    "POST /runs": ("runs:write", "maintainer"),
    "GET /run-preflight": ("runs:read", "author"),
    "POST /probes": ("runs:write", "maintainer"),
    "GET /probes/{probe_id}": ("runs:read", "author"),
    "POST /probes/{probe_id}/cancel": ("runs:write", "maintainer"),
    "GET /runs/{run_id}": ("runs:read", "author"),
    "GET /runs/{run_id}/bundle": ("runs:read", "author"),
    "POST /runs/{run_id}/cancel": ("runs:write", "maintainer"),
    "POST /runs/{run_id}/keep": ("runs:write", "maintainer"),
    "POST /runs/{run_id}/resume": ("runs:write", "maintainer"),
    "GET /run-queue": ("runs:read", "author"),
    "POST /runs/{run_id}/move": ("runs:write", "maintainer"),
    "GET /artifacts": ("runs:read", "author"),
    "GET /artifacts/{artifact_id}": ("runs:read", "author"),
    "GET /artifacts/{artifact_id}/file": ("runs:read", "author"),
    "GET /evaluations": ("runs:read", "author"),
    "GET /evaluations/{evaluation_id}": ("runs:read", "author"),
    "GET /evaluations/{evaluation_id}/attempts": ("runs:read", "author"),
    "GET /lineage/examples/{example_id}": ("runs:read", "author"),
    "GET /lineage/snapshots/{snapshot_id}": ("runs:read", "author"),
    "GET /tasks": ("tasks:read", "author"),
    "POST /tasks": ("tasks:write", "author"),
    "GET /tasks/{task_id}": ("tasks:read", "author"),
    "PUT /tasks/{task_id}": ("tasks:write", "author"),
    "PUT /tasks/{task_id}/mark": ("tasks:write", "author"),
    "POST /tasks/{task_id}/look": ("tasks:write", "maintainer"),
    "GET /holdout": ("tasks:read", "author"),
    "GET /task-sets": ("tasks:read", "author"),
    "POST /task-sets": ("tasks:write", "maintainer"),
    "GET /task-plan": ("tasks:read", "maintainer"),
    "GET /audit": ("audit:read", ("maintainer", ADMIN)),
    "POST /audit/export": ("audit:read", ("maintainer", ADMIN)),
    "POST /attempts/{attempt_id}/draft": ("examples:write", "author"),
}


def roles_of(user: Any) -> set[str]:
    """Every role this user holds, with those a higher one includes."""
    if not user.is_authenticated or not user.is_active:
        return set()
    if not hasattr(user, "_studio_roles"):
        named = set(user.groups.values_list("name", flat=True)) & set(ROLES)
        top = max((LADDER.index(r) for r in named if r in LADDER), default=-1)
        user._studio_roles = set(LADDER[: top + 1]) | (named & {ADMIN})
    return user._studio_roles


def named(least: Least) -> tuple[str, ...]:
    """The roles of a cell of the matrix, of which one is enough."""
    return (least,) if isinstance(least, str) else least or ()


def operations_of(scopes: Collection[str], held: Collection[str]) -> list[str]:
    """What a token with these scopes may do now, if its owner holds these roles."""
    return [
        operation
        for operation, (scope, role) in OPERATIONS.items()
        if (scope is None or scope in scopes) and (role == SIGNED_IN or set(named(role)) & set(held))
    ]


class RoleMiddleware(MiddlewareMixin):
    """Asks the matrix before any view runs. The API has a door of its own."""

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        assert match is not None  # process_view runs after URL resolution
        site = match.app_names[0] if match.app_names else ""
        if site == API:
            return None
        if site == ADMIN_SITE:
            least: Least = ADMIN
        else:
            look, act = MATRIX.get(match.url_name or "", (None, None))
            least = look if request.method in ("GET", "HEAD", "OPTIONS") else act
        if least == ANYONE:
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if least == SIGNED_IN:
            return None
        enough = set(named(least))
        if not enough & roles_of(request.user):
            words = " or ".join(named(least))
            raise PermissionDenied(f"This needs the role {words}." if words else "This is not allowed here.")
        return None


def context(request: HttpRequest) -> dict[str, Any]:
    """`roles` in every template: a set of names such as {"author", "reviewer"}."""
    user = getattr(request, "user", None)
    return {"roles": roles_of(user) if user else set()}
