"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from neartalk.http import liveness, readiness, scrape, unknown_call

urlpatterns = [
    path("", include("presence.urls")),
    path("", include("chat.urls")),
    path("", include("voice.urls")),
    path("api/health", readiness, name="health"),
    path("api/health/live", liveness, name="live"),
    re_path(r"^api(?:/[\s\S]*)?\Z", unknown_call),
    path("metrics", scrape, name="metrics"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]
