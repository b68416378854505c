"""The server: uvicorn's protocol with frames that are built once, slow and silent peers, and the
end of a process."""

from neartalk.server.backlog import Backlog
from neartalk.server.deadlines import Deadlines
from neartalk.server.drain import DrainingServer
from neartalk.server.keepalive import Keepalive
from neartalk.server.lag import Lag
from neartalk.server.protocol import EXTENSION, WebSocketProtocol
from neartalk.server.transport import DirectTransport, write_frames

__all__ = [
    "EXTENSION",
    "Backlog",
    "Deadlines",
    "DirectTransport",
    "DrainingServer",
    "Keepalive",
    "Lag",
    "WebSocketProtocol",
    "write_frames",
]
