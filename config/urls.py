"""Every address of Vitrine."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from catalog.views.home import home
from config import health

urlpatterns = [
    path("", home, name="home"),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("", include("catalog.urls")),
    path("", include("moderation.urls")),
    path("api/", include("moderation.api.urls")),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("admin/", admin.site.urls),
]
