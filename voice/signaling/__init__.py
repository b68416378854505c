"""Signaling: the connections of /signal, the calls between their people, and what is relayed."""

from voice.signaling import frames
from voice.signaling.connection import SignalingConnection
from voice.signaling.hub import VoiceHub

__all__ = [
    "SignalingConnection",
    "VoiceHub",
    "frames",
]
