"""Addresses of the pages and of presence."""

from django.urls import path
from django.views.generic import RedirectView

from presence import api, views

urlpatterns = [
    path("", views.welcome, name="welcome"),
    path("near", views.near, name="near"),
    path("privacy", views.privacy, name="privacy"),
    path("kept", RedirectView.as_view(pattern_name="privacy", permanent=True)),
    path("rules", views.rules, name="rules"),
    path("api/session/create", api.session_create, name="session-create"),
    path("api/session/challenge", api.session_challenge, name="session-challenge"),
    path("api/session/username", api.session_username, name="session-username"),
    path("api/session/leave", api.session_leave, name="session-leave"),
    path("api/location/update", api.location_update, name="location-update"),
    path("api/block", api.block, name="block"),
    path("api/nearby", api.nearby, name="nearby"),
]
