"""An operator's settings with one language more (tests/support/pseudo_language.py)."""

import os
from pathlib import Path

from neartalk import settings as deployed
from neartalk.settings import *  # noqa: F403 as they are
from tests.support.pseudo_language import FOLDER, LANGUAGE

MADE = Path(os.environ[FOLDER])
LANGUAGES = [*deployed.LANGUAGES, (LANGUAGE, "Псевдо")]
LOCALE_PATHS = [*deployed.LOCALE_PATHS, MADE / "locale"]
STATICFILES_DIRS = [*deployed.STATICFILES_DIRS, MADE / "static"]
