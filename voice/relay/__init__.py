"""STUN and TURN as `manage.py doctor` needs them: messages, a binding and an allocation."""

from voice.relay.connection import TurnError
from voice.relay.server import RelayServer, server_of
from voice.relay.stun import Address
from voice.relay.turn import allocation, binding

__all__ = [
    "Address",
    "RelayServer",
    "TurnError",
    "allocation",
    "binding",
    "server_of",
]
