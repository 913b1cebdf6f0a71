from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from studio import audit_pages, health, reference, token_pages, views
from studio.api import api

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("sign-in/", auth.LoginView.as_view(template_name="studio/sign_in.html"), name="sign_in"),
    path("sign-out/", auth.LogoutView.as_view(), name="sign_out"),
    path("password/", views.PasswordPage.as_view(), name="password"),
    path("tokens/", token_pages.token_list, name="token_list"),
    path("tokens/<int:token_id>/revoke/", token_pages.token_revoke, name="token_revoke"),
    path("audit/", audit_pages.audit_log, name="audit_log"),
    path("audit/export/", audit_pages.audit_export, name="audit_export"),
    path("api/docs", reference.api_reference, name="api_reference"),
    path("api/openapi.json", reference.api_schema, name="api_schema"),
    path("api/v1/", api.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("curation.urls")),
    path("", include("training.urls")),
]
