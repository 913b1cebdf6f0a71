from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from studio import health, views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("sign-in/", auth.LoginView.as_view(template_name="studio/sign_in.html"), name="sign_in"),
    path("sign-out/", auth.LogoutView.as_view(), name="sign_out"),
    path("password/", views.PasswordPage.as_view(), name="password"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("curation.urls")),
    path("", include("training.urls")),
]
