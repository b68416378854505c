"""How busy the machine is, and how much of that is not ours."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Busy:
    """CPU in seconds of everything on this machine, and of what the measurement started."""

    at_s: float
    all_s: float
    ours_s: dict[int, float]

    @classmethod
    def now(cls) -> Busy:
        cpu = psutil.cpu_times()
        all_s = cpu.user + cpu.nice + cpu.system + cpu.irq + cpu.softirq
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        times = {one.pid: one.cpu_times() for one in family if one.is_running()}
        return cls(time.monotonic(), all_s, {pid: t.user + t.system for pid, t in times.items()})

    def until_now(self) -> dict[str, float]:
        """The part of all cores that was at work, and of one core that others took."""
        now = Busy.now()
        passed_s, all_s = now.at_s - self.at_s, now.all_s - self.all_s
        ours_s = sum(spent - self.ours_s.get(pid, 0.0) for pid, spent in now.ours_s.items())
        return {
            "machine": all_s / passed_s / (psutil.cpu_count() or 1),
            "others": max(0.0, all_s - ours_s) / passed_s,
        }
