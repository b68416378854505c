"""One attack, in a process and in a time of its own.

    python -m bench.hunters.played NAME SIZE [OPTIONS]

prints what came of it as JSON; so are the options.
"""

from __future__ import annotations

import json
import logging
import sys
from importlib import import_module

from bench.hunters import moved_time

SEED = 16


def main(name: str, size: str, options: str = "{}") -> None:
    moved_time.install(SEED)
    logging.disable(logging.WARNING)
    # The attack, and with it the product, is imported once its clocks are moved.
    attack = import_module(f"bench.hunters.{name}").attack
    print(json.dumps(moved_time.run(attack(int(size), SEED, **json.loads(options)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
