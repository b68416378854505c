"""Addresses of the pages and of presence."""

from django.urls import path
from django.views.generic import RedirectView

from presence import api, push_api, views

urlpatterns = [
    path("", views.welcome, name="welcome"),
    path("near", views.near, name="near"),
    path("privacy", views.privacy, name="privacy"),
    path("kept", RedirectView.as_view(pattern_name="privacy", permanent=True)),
    path("rules", views.rules, name="rules"),
    path("invite.svg", views.invite_code, name="invite-code"),
    path("safety", views.safety, name="safety"),
    path("terms", views.terms, name="terms"),
    path("api/session/create", api.session_create, name="session-create"),
    path("api/session/challenge", api.session_challenge, name="session-challenge"),
    path("api/session/username", api.session_username, name="session-username"),
    path("api/session/leave", api.session_leave, name="session-leave"),
    path("api/location/update", api.location_update, name="location-update"),
    path("api/block", api.block, name="block"),
    path("api/push", push_api.push, name="push"),
    path("api/push/subscribe", push_api.push_subscribe, name="push-subscribe"),
    path("api/push/unsubscribe", push_api.push_unsubscribe, name="push-unsubscribe"),
    path("api/unblock", api.unblock, name="unblock"),
    path("api/blocks", api.blocks, name="blocks"),
    path("api/nearby", api.nearby, name="nearby"),
]
