"""Simulated people: they walk, chat and answer through the public API."""

from voice.devtools.simulation.crowd import Crowd

__all__ = [
    "Crowd",
]
