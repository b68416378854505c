"""Signalling: the connections of /signal, who is told what, and what is relayed."""

from voice.signaling import frames
from voice.signaling.connection import Line
from voice.signaling.hub import Switchboard

__all__ = [
    "Line",
    "Switchboard",
    "frames",
]
