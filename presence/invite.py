"""The QR code that leads others here. It holds the address of the first page and nothing of whoever
shows it: no place, no key."""

from functools import lru_cache
from io import BytesIO

import segno


@lru_cache(16)
def qr_svg(url: str) -> bytes:
    """Dark on white whatever the page looks like: cameras need it so. A Host that is allowed by a
    wildcard may be anything, so only a few are kept."""
    out = BytesIO()
    code = segno.make(url, error="m", micro=False)
    code.save(out, kind="svg", border=4, dark="#0b4350", light="#fff", omitsize=True, xmldecl=False)
    return out.getvalue()
