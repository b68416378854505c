"""Scripts that measure servers from outside start without Django's settings."""

import os
import subprocess
import sys

import pytest

from tests.support.servers import ROOT
from tests.support.waiting import WAIT_S


@pytest.mark.parametrize(
    "name", ["abuse", "before_after", "compare", "delivery", "fleet", "frozen"]
)
def test_a_script_is_imported_without_settings(name: str) -> None:
    env = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-c", f"import bench.{name}"]
    found = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert (found.returncode, found.stderr) == (0, "")
