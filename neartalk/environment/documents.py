"""TERMS_FILE: words of the operator's own, read once at the start. They are shown as plain text."""

import re
from pathlib import Path

from neartalk.environment.variables import invalid

BYTES_MAX = 200_000


def paragraphs(name: str, path: str) -> list[str]:
    """What stands between the empty lines of a file in UTF-8; none where no file is named.

    Raises ImproperlyConfigured.
    """
    if not path.strip():
        return []
    try:
        content = Path(path.strip()).read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as why:
        raise invalid(name, f"the file can't be read: {type(why).__name__}") from None
    except ValueError:
        raise invalid(name, "the file is not in UTF-8") from None
    if len(content) > BYTES_MAX:
        raise invalid(name, f"the file has over {BYTES_MAX} bytes")
    found = [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))]
    if not any(found):
        raise invalid(name, "the file is empty")
    return [part for part in found if part]
