"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from neartalk.http import (
    choose_language,
    liveness,
    offline,
    readiness,
    scrape,
    service_worker,
    unknown_call,
    webmanifest,
)

urlpatterns = [
    path("", include("presence.urls")),
    path("", include("chat.urls")),
    path("", include("voice.urls")),
    path("offline", offline, name="offline"),
    path("service-worker.js", service_worker, name="service-worker"),
    path("<slug:language>.<slug:version>.webmanifest", webmanifest, name="manifest"),
    path("api/health", readiness, name="health"),
    path("api/health/live", liveness, name="live"),
    re_path(r"^api(?:/[\s\S]*)?\Z", unknown_call),
    path("language", choose_language, name="language"),
    path("metrics", scrape, name="metrics"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]
