from django.urls import path

from curation.views import editor, examples, imports, reviews, snapshots

urlpatterns = [
    path("examples/", examples.example_list, name="example_list"),
    path("examples/new/", editor.example_new, name="example_new"),
    path("examples/check/", editor.example_check, name="example_check"),
    path("examples/<int:example_id>/", examples.example_page, name="example_page"),
    path("examples/<int:example_id>/edit/", editor.example_edit, name="example_edit"),
    path("examples/<int:example_id>/review/", reviews.review_example, name="review_example"),
    path("examples/<int:example_id>/revisions/<int:number>/", examples.revision_page, name="revision_page"),
    path("drafts/", editor.draft_list, name="draft_list"),
    path("drafts/keep/", editor.draft_keep, name="draft_keep"),
    path("drafts/<int:draft_id>/", editor.draft_edit, name="draft_edit"),
    path("drafts/<int:draft_id>/discard/", editor.draft_discard, name="draft_discard"),
    path("import/", imports.import_page, name="import"),
    path("review/", reviews.review_next, name="review_next"),
    path("snapshots/", snapshots.snapshot_list, name="snapshot_list"),
    path("snapshots/freeze/", snapshots.snapshot_freeze, name="snapshot_freeze"),
    path("snapshots/<int:snapshot_id>/", snapshots.snapshot_page, name="snapshot_page"),
    path(
        "snapshots/<int:snapshot_id>/files/<str:file_name>",
        snapshots.snapshot_download,
        name="snapshot_download",
    ),
]
