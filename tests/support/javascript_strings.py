"""The strings of a JavaScript module, and where each of them stands: enough of the language for the
page's own modules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SPACE = re.compile(r"\s+|//[^\n]*|/\*.*?\*/", re.DOTALL)
QUOTED = re.compile(r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"")
REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/\w*")
WORD = re.compile(r"[\w$]+")
# A slash after one of these begins a regular expression; after a value it divides.
BEFORE_REGEX = re.compile(r"(?:^|[(,=:\[!&|?{};>+\-*%~^<]|\breturn|\btypeof|\bcase)\s*$")
CALLEE = re.compile(r"(?:\.\s*)?([\w$]+)$")


@dataclass(frozen=True, slots=True)
class String:
    """A string: its text (`{}` where a template has a value), the line, the function whose argument
    it is by itself ("" elsewhere), the code of its statement in front of it, without what strings
    say, and the string before it."""

    text: str
    line: int
    callee: str
    before: str
    quote: str
    previous: str


class StringReader:
    """Reads one module from its beginning."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.code = ""
        self.open: list[str] = []
        self.last = ""

    def strings(self, end: str = "") -> Iterator[String]:
        """Up to the bracket that ends this piece."""
        depth = len(self.open)
        while self.at < len(self.source):
            char = self.source[self.at]
            if char == end and len(self.open) == depth:
                return
            if found := SPACE.match(self.source, self.at):
                self.code += " "
                self.at = found.end()
            elif char == "`":
                yield from self.template()
            elif char in "'\"":
                yield self.quoted()
            elif char == "/" and BEFORE_REGEX.search(self.code):
                self.at = REGEX.match(self.source, self.at).end()  # type: ignore[union-attr]
                self.code += "0"
            else:
                self.other()

    def other(self) -> None:
        """A word, or one character; brackets are counted."""
        word = WORD.match(self.source, self.at)
        text = word.group() if word else self.source[self.at]
        if text in "([{":
            called = CALLEE.search(self.code.rstrip()) if text == "(" else None
            self.open.append(called.group(1) if called else "")
        elif text in ")]}" and self.open:
            self.open.pop()
        self.code += text
        self.at += len(text)

    def quoted(self) -> String:
        text = QUOTED.match(self.source, self.at).group()  # type: ignore[union-attr]
        found = self.found(text[1:-1], text[0])
        self.at += len(text)
        return found

    def template(self) -> Iterator[String]:
        text, start, code, last = "", self.at, self.code, self.last
        self.at += 1
        inside: list[String] = []
        while (char := self.source[self.at]) != "`":
            if self.source.startswith("${", self.at):
                self.at += 2
                self.open.append("")
                self.code += "("
                inside += self.strings("}")
                self.open.pop()
                text += "{}"
                self.at += 1
            else:
                size = 2 if char == "\\" else 1
                text += self.source[self.at : self.at + size]
                self.at += size
        end, self.at, self.code, self.last = self.at + 1, start, code, last
        yield self.found(text, "`")
        self.at = end
        yield from inside

    def found(self, text: str, quote: str) -> String:
        line = self.source.count("\n", 0, self.at) + 1
        callee = self.open[-1] if self.open else ""
        before = self.code.rpartition(";")[2]
        previous, self.last = self.last, text
        self.code += "''"
        return String(text, line, callee, before, quote, previous)


def strings_of(source: str) -> list[String]:
    return [*StringReader(source).strings()]
