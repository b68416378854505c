"""Starts Debian's Prometheus with a configuration and queries it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.support.servers import ROOT, Daemon
from tests.support.waiting import WAIT_S, until

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS = ROOT / "deploy" / "prometheus"


class Prometheus(Daemon):
    """On the configuration that operators are given, in more haste, with these targets."""

    def __init__(self, targets: Sequence[str]) -> None:
        super().__init__()
        for path in OURS.iterdir():
            shutil.copy(path, self.folder)
        (self.folder / "targets.yml").write_text(json.dumps([{"targets": [*targets]}]))
        config = self.folder / "prometheus.yml"
        config.write_text(config.read_text().replace("_interval: 15s", "_interval: 500ms"))

    def command(self) -> list[str]:
        return [
            "prometheus",
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def until(self, query: str, wanted: dict[str, float]) -> None:
        """Waits until a query gives this, by instance."""
        found: dict[str, float] = {}

        def holds() -> bool:
            found.clear()
            found.update(self.ask(query))
            return found == wanted

        until(holds, f"{query} is {wanted}")

    def ask(self, query: str) -> dict[str, float]:
        """What a query gives now, by instance."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{urlencode({'query': query})}"
        with urlopen(url, timeout=WAIT_S) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return {one["metric"].get("instance", ""): float(one["value"][1]) for one in found}
