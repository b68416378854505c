"""Signalling: the connections of /signal, who is told what, and what is relayed."""

from voice.signaling.connection import Line
from voice.signaling.hub import switchboard

__all__ = [
    "Line",
    "switchboard",
]
