"""STUN and TURN as `manage.py doctor` speaks them: messages, a binding and an allocation."""

from voice.relay.stun import Address
from voice.relay.turn import Server, TurnError, allocation, binding, server_of

__all__ = [
    "Address",
    "Server",
    "TurnError",
    "allocation",
    "binding",
    "server_of",
]
