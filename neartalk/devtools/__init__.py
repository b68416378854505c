"""What only developers run: a client of the public API, and what their commands share."""

from neartalk.devtools.client import Api, Denied, Frame, Line, delay_s
from neartalk.devtools.discard_reader import read_all
from neartalk.devtools.progress import bar, progress
from neartalk.devtools.server_urls import add_doors, doors_of

__all__ = [
    "Api",
    "Denied",
    "Frame",
    "Line",
    "add_doors",
    "bar",
    "delay_s",
    "doors_of",
    "progress",
    "read_all",
]
