"""Starts the process in which worlds begin, and leads worlds beside each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.noninterference import oracles
from tests.noninterference.scene import WORLDS
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
RUNNER = "tests.noninterference.runner"


class Nursery:
    """`root` is the folder of the product: another one than ours holds a leak that was seeded."""

    def __init__(self, root: Path = ROOT) -> None:
        # The same order of all sets of texts in all worlds.
        env = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", RUNNER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env=env,
        )

    def __enter__(self) -> Self:
        assert self._read() == "ready", "the product can be imported"
        return self

    def __exit__(self, *why: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(WAIT_S)
        self.process.stdout.close()

    def lead(
        self,
        seed: int,
        kinds: Sequence[str] = WORLDS,
        *,
        cut: bool = False,
        absences: bool = False,
    ) -> dict[str, oracles.World]:
        """Worlds of one seed, by their kinds; `cut`: what they begin with; `absences`: of people
        who put their pages away."""
        assert self.process.stdin
        plans = [{"kind": kind, "seed": seed, "cut": cut, "absences": absences} for kind in kinds]
        self.process.stdin.write(f"{json.dumps(plans)}\n")
        self.process.stdin.flush()
        worlds = [oracles.load(path) for path in json.loads(self._read())]
        for world in worlds:
            assert "failed" not in world, world["failed"]
        return dict(zip(kinds, worlds, strict=True))

    def _read(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()
