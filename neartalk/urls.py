"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from neartalk.health import health, live
from neartalk.metrics import metrics

urlpatterns = [
    path("", include("presence.urls")),
    path("", include("chat.urls")),
    path("", include("voice.urls")),
    path("api/health", health, name="health"),
    path("api/health/live", live, name="live"),
    path("metrics", metrics, name="metrics"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]
