"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from neartalk.http import liveness, readiness, scrape

urlpatterns = [
    path("", include("presence.urls")),
    path("", include("chat.urls")),
    path("", include("voice.urls")),
    path("api/health", readiness, name="health"),
    path("api/health/live", liveness, name="live"),
    path("metrics", scrape, name="metrics"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]
