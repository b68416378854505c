"""What one act costs: CPU of Redis and of the process that asks it, commands, and memory.

    python -m bench.costs

Takes a minute on a machine that does nothing else, and prints the table of docs/scale.md. The
CPU of Redis is what the kernel says of it, that of the process what it says of this one; both do
the acts 50 at a time, as a busy process does.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib import import_module

import django

from bench.cores import cores, pinned
from tests.support.servers import Postgres, Valkey


def main() -> None:
    with ExitStack() as stack:
        store, postgres = Valkey(), Postgres()
        for daemon in (store, postgres):
            stack.callback(daemon.close)
            with pinned(cores().servers):
                daemon.start()
        os.sched_setaffinity(0, cores().others)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "neartalk.settings",
            "DATABASE_URL": postgres.create("neartalk"),
        }
        django.setup()
        # Models can be imported only now.
        import_module("bench.act_costs").report(store.url, postgres)


if __name__ == "__main__":
    main()
