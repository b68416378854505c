"""One hostile client, each a process of its own: what bench/abuse.py lets loose on a server.

    python -m bench.attacks NAME PORT SECONDS

It comes from 127.0.0.2 and says by X-Forwarded-For that it is 203.0.113.9. At its end it prints
what became of it, in one line. It uses plain sockets, so that it costs as little as it can itself.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import select
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle

FROM = "127.0.0.2"
ADDRESS = "203.0.113.9"
SPOT = {"lat": 52.52, "lon": 13.4, "radius": 500}
MARKS = "\u0315\u0300\u05ae\u0316"

Sent = Counter[str]
Attack = Callable[["Enemy"], None]


class Enemy:
    """What an attack has: where, until when, and what it counts."""

    def __init__(self, port: int, seconds: float) -> None:
        self.port = port
        self.end_s = time.monotonic() + seconds
        self.counts: Sent = Counter()

    @property
    def going(self) -> bool:
        return time.monotonic() < self.end_s

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10, (FROM, 0))

    def call(self, method: str, path: str, body: object = None, key: str = "") -> bytes:
        """One call on a connection of its own; b"" if it was refused."""
        client = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=20, source_address=(FROM, 0)
        )
        headers = {"X-Forwarded-For": ADDRESS, "Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        try:
            client.request(method, path, json.dumps(body) if body else None, headers)
            answer = client.getresponse()
            self.counts[str(answer.status)] += 1
            found = answer.read()
            return found if answer.status < 300 else b""
        except (OSError, http.client.HTTPException):
            self.counts["cut"] += 1
            return b""
        finally:
            client.close()

    def session(self) -> str:
        """A key with a place; "" if none is given."""
        created = self.call("POST", "/api/session/create", {"username": "Mallory"})
        key = str(json.loads(created)["session_id"]) if created else ""
        if key:
            self.call("POST", "/api/location/update", SPOT, key)
        return key

    def open(self, key: str, path: str = "/ws") -> socket.socket | None:
        """A socket whose handshake was accepted."""
        one = self.connect()
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"X-Forwarded-For: {ADDRESS}",
            f"Authorization: Bearer {key}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol: neartalk.json",
        ]
        one.sendall("\r\n".join([*lines, "", ""]).encode())
        accepted = b" 101 " in one.recv(1024)
        self.counts["sockets" if accepted else "handshakes refused"] += 1
        return one if accepted else None


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """A masked frame; the mask is 0, so that it costs nothing here."""
    size = len(payload)
    length = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0xFE, size)
    return bytes([first]) + length + bytes(4) + payload


def says(text: str) -> bytes:
    ref = f"ref-{random.getrandbits(48):012x}"
    body = {"type": "chat.send", "text": text, "ref": ref}
    return frame(json.dumps(body, ensure_ascii=False).encode())


def flood(
    enemy: Enemy, sockets: list[socket.socket], wires: Iterator[bytes], rate: float = 1e9
) -> None:
    """Sends to all sockets as fast as they take it, and reads what they answer."""
    open_ones, rests, start_s = set(sockets), dict.fromkeys(sockets, b""), time.monotonic()
    sent = 0
    for one in sockets:
        one.setblocking(False)
    while enemy.going and open_ones:
        readable, writable, _ = select.select(open_ones, open_ones, [], 0.1)
        for one in readable:
            with suppress(BlockingIOError):
                try:
                    found = one.recv(65_536)
                except OSError:
                    found = b""
                note(enemy, found)
                if not found:
                    open_ones.discard(one)
        if sent > rate * (time.monotonic() - start_s):
            time.sleep(0.005)
            continue
        for one in writable:
            if one not in open_ones:
                continue
            wire = rests[one] or next(wires)
            with suppress(OSError):
                count = one.send(wire)
                sent += count
                rests[one] = wire[count:]
    enemy.counts["closed by the server"] += len(sockets) - len(open_ones)


def note(enemy: Enemy, found: bytes) -> None:
    for code in (b"too-fast", b"flooding", b"muted", b"too-many-sockets", b"message-too-long"):
        if code in found:
            enemy.counts[code.decode()] += found.count(b'"' + code + b'"')
    enemy.counts["answered bytes"] += len(found)


def sockets_of(enemy: Enemy, count: int, each: int = 10, path: str = "/ws") -> list[socket.socket]:
    """So many sockets, so many of each session."""
    found: list[socket.socket] = []
    while len(found) < count and enemy.going:
        key = enemy.session()
        for _ in range(min(each, count - len(found))):
            with suppress(OSError):
                if one := enemy.open(key, path):
                    found.append(one)
    return found


def marks(enemy: Enemy, count: int) -> None:
    text = "a" + MARKS * 480
    wires = (says(f"{text}{turn % 7}") for turn in range(10**9))
    flood(enemy, sockets_of(enemy, count), wires, 1e6 * count)


def calls(enemy: Enemy, paths: list[str], rate: float, at_once: int, *, key: str = "") -> None:
    """Calls at an even rate, as far as the server answers them."""
    turns, lock, start_s, done = cycle(paths), threading.Lock(), time.monotonic(), [0]

    def some() -> None:
        while enemy.going:
            with lock:
                due_s = start_s + done[0] / rate
                done[0] += 1
                path = next(turns)
            time.sleep(max(0.0, due_s - time.monotonic()))
            enemy.call("GET", path, key=key)

    threads = [threading.Thread(target=some, daemon=True) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, enemy.end_s - time.monotonic()) + 1)


def storm(enemy: Enemy, *, known: bool) -> None:
    """Comes back again and again with a mark of half an hour ago, or with keys nobody has."""
    keys = [enemy.session() for _ in range(10)] if known else []
    since = int(time.time() * 1000) - 1_700_000
    while enemy.going:
        key = random.choice(keys) if keys else f"{random.getrandbits(256):043x}"[:43]
        with suppress(OSError):
            if one := enemy.open(key, f"/ws?since={since}&epoch={EPOCH}"):
                one.settimeout(0.2)
                with suppress(TimeoutError):
                    note(enemy, one.recv(65_536))
                one.close()


EPOCH = os.environ.get("NEARTALK_EPOCH", "")


def half_open(enemy: Enemy) -> None:
    started_s = time.monotonic()
    held: list[socket.socket] = []
    while len(held) < 2000 and enemy.going:
        with suppress(OSError):
            one = enemy.connect()
            one.sendall(b"GET /near HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
            one.setblocking(False)
            held.append(one)
    while enemy.going and any(map(alive, held)):
        time.sleep(0.2)
    enemy.counts["opened"] += len(held)
    enemy.counts["still open"] += sum(map(alive, held))
    enemy.counts["seconds"] += round(time.monotonic() - started_s)


def alive(one: socket.socket) -> bool:
    try:
        return bool(one.recv(1024, socket.MSG_PEEK)) and False
    except BlockingIOError:
        return True
    except OSError:
        return False


def endless(enemy: Enemy, head: bytes, piece: bytes, most: int) -> None:
    """One request that goes on and on; another when the server ends it."""
    while enemy.going:
        one = enemy.connect()
        sent, start_s = 0, time.monotonic()
        with suppress(OSError):
            one.sendall(head)
            while enemy.going and sent < most:
                one.sendall(piece)
                sent += len(piece)
        enemy.counts["requests"] += 1
        enemy.counts["most bytes taken"] = max(enemy.counts["most bytes taken"], sent)
        one.settimeout(1)
        with suppress(OSError):
            enemy.counts[one.recv(64)[9:12].decode("latin-1") or "cut"] += 1
        one.close()
        time.sleep(max(0.0, 0.01 - (time.monotonic() - start_s)))


def pings(enemy: Enemy) -> None:
    flood(enemy, sockets_of(enemy, 1), cycle([frame(b'{"type": "ping"}') * 1000]))


def two_hundred(enemy: Enemy) -> None:
    flood(enemy, sockets_of(enemy, 200), cycle([frame(b'{"type": "ping"}') * 100]))


def control(enemy: Enemy) -> None:
    flood(enemy, sockets_of(enemy, 8), cycle([frame(b"", 0x89) * 10_000]))


def fragments(enemy: Enemy) -> None:
    begin, more = frame(b"{", 0x01), frame(b"", 0x00)
    flood(enemy, sockets_of(enemy, 8), iter([begin * 1, *[more * 10_000] * 10_000]))


def nested(enemy: Enemy) -> None:
    deep = frame(b"[" * 900 + b"1," * 7_000 + b"1" + b"]" * 900)
    flood(enemy, sockets_of(enemy, 8, path="/signal"), cycle([deep * 10]))


def newcomers(enemy: Enemy) -> None:
    calls(enemy, ["/", "/rules", "/privacy"], 300, 40)


def messages(enemy: Enemy) -> None:
    calls(enemy, ["/api/messages"], 95, 20, key=enemy.session())


def long_body(enemy: Enemy) -> None:
    head = (
        b"POST /api/block HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 203.0.113.9\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    endless(enemy, head, b"10000\r\n" + b"x" * 65_536 + b"\r\n", 300_000_000)


def long_header(enemy: Enemy) -> None:
    endless(enemy, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ", b"x" * 65_536, 60_000_000)


ATTACKS: dict[str, tuple[str, Attack]] = {
    "pings": ("pings from one socket", pings),
    "marks": ("4 KB of marks, one socket, 1 MB/s", lambda enemy: marks(enemy, 1)),
    "marks8": ("the same from 8 sockets", lambda enemy: marks(enemy, 8)),
    "messages": ("`GET /api/messages`, 95/s", messages),
    "pages": ("pages, 300/s", newcomers),
    "half-open": ("2,000 half-open connections", half_open),
    "body": ("an endless chunked body", long_body),
    "header": ("headers of 60 MB", long_header),
    "sockets": ("200 sockets of one address, pings", two_hundred),
    "control": ("control frames of 6 bytes, 8 sockets", control),
    "fragments": ("empty fragments, 8 sockets", fragments),
    "nested": ("nested JSON at `/signal`, 8 sockets", nested),
    "resume": ("coming back with an old mark", lambda enemy: storm(enemy, known=True)),
    "keys": ("handshakes with keys nobody has", lambda enemy: storm(enemy, known=False)),
}


def main() -> None:
    name, port, seconds = sys.argv[1:]
    enemy = Enemy(int(port), float(seconds))
    ATTACKS[name][1](enemy)
    print(json.dumps(enemy.counts))


if __name__ == "__main__":
    main()
