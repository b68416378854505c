"""Scripts that measure start without Django's settings."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.servers import ROOT
from tests.support.waiting import WAIT_S

# One process for all: most of what they import is the same.
IMPORTS = """
import importlib, os, sys

for name in sys.argv[1:]:
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    try:
        importlib.import_module(f"bench.{name}")
    except Exception as why:
        print(name, repr(why))
"""


def scripts() -> list[str]:
    paths = sorted((ROOT / "bench").glob("*.py"))
    return [path.stem for path in paths if '__name__ == "__main__"' in path.read_text()]


def test_every_script_is_imported_without_settings() -> None:
    names = scripts()
    assert {"compare", "costs", "country", "delivery", "fleet"} <= {*names}
    env = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-c", IMPORTS, *names]
    found = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
