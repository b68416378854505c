#!/usr/bin/env python3
"""The developers' door: every command of the project."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neartalk.settings")
    try:
        settings.INSTALLED_APPS  # noqa: B018
    except ImproperlyConfigured as why:
        # The words alone: a traceback says nothing to whoever sets a variable.
        sys.exit(f"not started: {why}")
    execute_from_command_line(sys.argv)
