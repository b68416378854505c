"""How fast the pages of the admin are with a million hits in PostgreSQL: each twenty times, from
the call to the last byte, one after the other.

    python bench/admin.py

The target is 300 ms; it prints the table of docs/admin.md.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import million
from tests.support.servers import Postgres, Server

CALLS = 20
TARGET_MS = 300
LOGIN = "/admin/login/"


def filled(server: Server) -> None:
    command = [sys.executable, "-m", "bench.million"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **server.options())


def log_in(http: httpx.Client) -> None:
    http.get(LOGIN)
    token = http.cookies["csrftoken"]
    form = {"username": "ada", "password": million.PASSWORD, "csrfmiddlewaretoken": token}
    answer = http.post(LOGIN, data={**form, "next": "/admin/"})
    assert answer.status_code == httpx.codes.FOUND, answer.text


def answer_ms(http: httpx.Client, url: str) -> float:
    began = time.perf_counter()
    answer = http.get(url)
    assert answer.status_code == httpx.codes.OK, f"{url}: {answer.status_code}"
    return (time.perf_counter() - began) * 1000


def table(server: Server) -> list[str]:
    """Rows of Markdown, the first call of a page apart."""
    lines = ["| page | first call, ms | p50, ms | max, ms |", "|---|---:|---:|---:|"]
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as http:
        log_in(http)
        for name, url in million.opened().items():
            first, *others = (answer_ms(http, url) for _ in range(CALLS + 1))
            late = " **over**" if max(first, *others) > TARGET_MS else ""
            lines.append(
                f"| {name} | {first:.0f} | {median(others):.0f} | {max(others):.0f}{late} |"
            )
    return lines


def main() -> int:
    postgres = Postgres().start()
    url = postgres.create("million")
    million.begin(url)
    server = Server("uvicorn", {"DATABASE_URL": url})
    try:
        filled(server)
        server.start()
        print("\n".join(table(server)))
    finally:
        server.close()
        postgres.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
