"""Makes a screenshot small: rare colours move to a neighbour nobody can tell apart, and rows are
left unfiltered, which suits flat colour and sharp letters (PNG, third edition, 9 and 10)."""

from __future__ import annotations

import base64
import struct
import zlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

COMMON = 64  # colours that stay exactly as they are
STEP = 4
PIXELS = """async (png) => {
  const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  canvas.drawImage(bitmap, 0, 0);
  const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  const url = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(new Blob([data]));
  });
  return { width: bitmap.width, height: bitmap.height, pixels: url.split(',')[1] };
}"""


def shrink(picture: Path, page: Page) -> None:
    """Rewrites a PNG in place. Any page lends its canvas to read it."""
    found = page.evaluate(PIXELS, base64.b64encode(picture.read_bytes()).decode())
    pixels = base64.b64decode(found["pixels"])
    colours = [pixels[at : at + 3] for at in range(0, len(pixels), 4)]
    counts = Counter(colours)
    kept = {colour for colour, _ in counts.most_common(COMMON)}
    drawn = {colour: colour if colour in kept else rounded(colour) for colour in counts}
    width, height = found["width"], found["height"]
    rows = (colours[start : start + width] for start in range(0, width * height, width))
    body = b"".join(b"\0" + b"".join(drawn[colour] for colour in row) for row in rows)
    picture.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(body, 9))
        + chunk(b"IEND", b"")
    )


def rounded(colour: bytes) -> bytes:
    return bytes(min(255, round(value / STEP) * STEP) for value in colour)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
