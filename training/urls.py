from django.urls import path

from training.views import artifacts, evaluations, lineage, queue, run_comparing, runs, tasks

urlpatterns = [
    path("train/", runs.run_start, name="run_start"),
    path("runs/", runs.run_list, name="run_list"),
    path("runs/compare/", run_comparing.run_compare, name="run_compare"),
    path("runs/queue/", queue.queue_page, name="queue_page"),
    path("runs/queue/live/", queue.queue_live, name="queue_live"),
    path("runs/queue/<int:run_id>/move/", queue.queue_move, name="queue_move"),
    path("runs/queue/<int:run_id>/cancel/", queue.queue_cancel, name="queue_cancel"),
    path("runs/<int:run_id>/", runs.run_page, name="run_page"),
    path("runs/<int:run_id>/live/", runs.run_live, name="run_live"),
    path("runs/<int:run_id>/cancel/", runs.run_cancel, name="run_cancel"),
    path("runs/<int:run_id>/bundle/", runs.run_bundle, name="run_bundle"),
    path("runs/<int:run_id>/keep/", runs.run_keep, name="run_keep"),
    path("runs/<int:run_id>/resume/", runs.run_resume, name="run_resume"),
    path("runs/<int:run_id>/log/<slug:stage>/", runs.run_log, name="run_log"),
    path("runs/<int:run_id>/log/<slug:stage>/download/", runs.run_log_download, name="run_log_download"),
    path("models/", artifacts.model_list, name="model_list"),
    path("artifacts/<int:artifact_id>/download/", artifacts.artifact_download, name="artifact_download"),
    path("evaluations/", evaluations.evaluation_list, name="evaluation_list"),
    path("evaluations/<int:evaluation_id>/", evaluations.evaluation_page, name="evaluation_page"),
    path("tasks/", tasks.task_list, name="task_list"),
    path("tasks/freeze/", tasks.task_set_freeze, name="task_set_freeze"),
    path("tasks/holdout/", tasks.holdout_list, name="holdout_list"),
    path("tasks/holdout/look/", tasks.task_look, name="task_look"),
    path("tasks/download/", tasks.task_download, name="task_download"),
    path("lineage/examples/<int:example_id>/", lineage.lineage_example, name="lineage_example"),
    path("lineage/snapshots/<int:snapshot_id>/", lineage.lineage_snapshot, name="lineage_snapshot"),
    path("attempts/<int:attempt_id>/draft/", evaluations.attempt_draft, name="attempt_draft"),
]
