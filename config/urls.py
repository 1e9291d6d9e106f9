"""Every address of Vitrine."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from catalog.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("", include("catalog.urls")),
    path("", include("moderation.urls")),
    path("api/", include("moderation.api.urls")),
    path("admin/", admin.site.urls),
]
