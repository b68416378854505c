"""Web Push: by what somebody is reached, and how a push is encrypted, signed and sent (RFC 8030,
8291, 8292)."""

from neartalk.push.hosts import is_known
from neartalk.push.sender import PushOutcome, PushSender
from neartalk.push.subscription import ENDPOINT_MAX, PushSubscription, is_subscription
from neartalk.push.vapid import VapidKeys, new_private_key

__all__ = [
    "ENDPOINT_MAX",
    "PushOutcome",
    "PushSender",
    "PushSubscription",
    "VapidKeys",
    "is_known",
    "is_subscription",
    "new_private_key",
]
