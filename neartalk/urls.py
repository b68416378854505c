"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from neartalk.health import health

urlpatterns = [
    path("", include("presence.urls")),
    path("", include("chat.urls")),
    path("", include("voice.urls")),
    path("api/health", health, name="health"),
    path("admin/", admin.site.urls),
]
