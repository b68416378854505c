"""The server: uvicorn's protocol with frames that are built once, slow and silent peers, and the
end of a process."""

from neartalk.server.backlog import backlog
from neartalk.server.drain import Server
from neartalk.server.keepalive import keepalive
from neartalk.server.lag import lag
from neartalk.server.protocol import EXTENSION, WebSocketProtocol
from neartalk.server.transport import DirectTransport, broadcast

__all__ = [
    "EXTENSION",
    "DirectTransport",
    "Server",
    "WebSocketProtocol",
    "backlog",
    "broadcast",
    "keepalive",
    "lag",
]
