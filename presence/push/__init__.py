"""Pushes to whoever is away: a reply, a mention, or that somebody wants to talk."""

from presence.push.notice import Notice, NoticeKind
from presence.push.pushes import Pushes, may_push

__all__ = ["Notice", "NoticeKind", "Pushes", "may_push"]
