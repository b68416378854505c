"""What only developers run: a client of the public API, and what their commands share."""

from neartalk.devtools.api import Api, ApiError, Frame
from neartalk.devtools.discard_reader import discard_all
from neartalk.devtools.progress import progress
from neartalk.devtools.reconnecting_socket import ReconnectingSocket, delay_s
from neartalk.devtools.server_urls import add_server_urls, server_urls_of
from neartalk.devtools.work import begin_session, solved

__all__ = [
    "Api",
    "ApiError",
    "Frame",
    "ReconnectingSocket",
    "add_server_urls",
    "begin_session",
    "delay_s",
    "discard_all",
    "progress",
    "server_urls_of",
    "solved",
]
