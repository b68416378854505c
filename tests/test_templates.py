"""Templates can be read and compared line by line."""

from __future__ import annotations

from tests.support.servers import ROOT

WIDEST = 200


def test_no_line_is_wider_than_200_characters() -> None:
    templates = [*(ROOT / "templates").rglob("*.html")]
    assert len(templates) > 60
    assert [
        f"{path.relative_to(ROOT)}:{number}"
        for path in templates
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > WIDEST
    ] == []
