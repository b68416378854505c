"""Progress of a command: lines on a terminal, nothing in a pipe."""

from __future__ import annotations

from io import StringIO

from neartalk.devtools import progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def half() -> tuple[float, str]:
    return 0.5, "3 of 6 [here]"


def test_a_terminal_shows_the_words_as_they_are() -> None:
    out = Terminal()
    with progress(out, half):
        pass
    assert "3 of 6 [here]" in out.getvalue()


def test_a_pipe_shows_nothing() -> None:
    out = StringIO()
    with progress(out, half):
        pass
    assert out.getvalue() == ""
