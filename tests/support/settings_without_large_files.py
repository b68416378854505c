"""An operator's settings, but collectstatic compresses only what is small: the rest takes 20 s."""

from whitenoise.compress import Compressor

from neartalk.settings import *  # noqa: F403 as they are
from tests.support.static_files import LARGE

WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, *LARGE]
