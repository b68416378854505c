"""Who is in voice, for `manage.py stats`."""

import re

from neartalk.stats import KeyCount

KEYS = [KeyCount("people in voice", re.compile(r"\{voice\}:district:\w{5}"), "SCARD")]
