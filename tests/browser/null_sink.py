"""Loudspeakers that nobody hears: without any, Firefox starts no AudioContext."""

from __future__ import annotations

import os
from typing import Any

from tests.support.servers import Daemon
from tests.support.waiting import WAIT_S


class NullSink(Daemon):
    """PulseAudio with nothing but a null sink, on a socket of its own."""

    start_s = WAIT_S

    @property
    def address(self) -> str:
        return f"unix:{self.folder / 'socket'}"

    def command(self) -> list[str]:
        where = f"socket={self.folder / 'socket'} auth-anonymous=1"
        modules = ["--load=module-null-sink", f"--load=module-native-protocol-unix {where}"]
        alone = ["-n", "--daemonize=no", "--use-pid-file=no", "--disable-shm=yes"]
        return ["pulseaudio", *alone, "--exit-idle-time=-1", *modules]

    def options(self) -> dict[str, Any]:
        home = str(self.folder)
        ours = {"HOME": home, "XDG_RUNTIME_DIR": home, "PATH": os.environ["PATH"]}
        return {"env": ours}

    def answers(self) -> bool:
        return (self.folder / "socket").exists()
