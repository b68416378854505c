"""Ends with 0 once this machine's process answers that chat works: for containers and systemd.

Needs nothing but Python.
"""

import http.client
import sys
import time
from argparse import ArgumentParser

PATH = "/api/health"


def healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def healthy_within(port: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (answer := healthy(port)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--wait", type=float, default=0, help="seconds to go on asking (0)")
    asked = parser.parse_args()
    return 0 if healthy_within(asked.port, asked.wait) else 1


if __name__ == "__main__":
    sys.exit(main())
