"""Addresses of voice."""

from django.urls import path

from voice import views
from voice.consumers import SignalConsumer

urlpatterns = [path("api/voice/ice", views.ice, name="voice-ice")]

consumers = {"/signal": SignalConsumer}
