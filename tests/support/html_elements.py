"""Parses fragments of HTML into elements. Raises Malformed where they are not well nested."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Elements without an end tag (HTML Living Standard, 13.1.2).
VOID = frozenset(
    "area base br col embed hr img input link meta source track wbr".split()  # noqa: SIM905
)


class Malformed(AssertionError):
    """An end tag without its start, or a start without its end."""


@dataclass(repr=False)
class Element:
    tag: str
    attributes: dict[str, str]
    parts: list[Element | str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<{self.tag} {self.attributes}>"

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    @property
    def names(self) -> set[str]:
        return {*self.attributes}

    @property
    def children(self) -> list[Element]:
        return [part for part in self.parts if isinstance(part, Element)]

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    @property
    def text(self) -> str:
        """All text inside, in order, with entities read."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    def within(self) -> Iterator[Element]:
        """The element and every one inside it."""
        yield self
        for child in self.children:
            yield from child.within()

    def every(self, name: str) -> list[Element]:
        """Those of this class, itself included."""
        return [one for one in self.within() if name in one.attributes.get("class", "").split()]

    def only(self, name: str) -> Element:
        (found,) = self.every(name)
        return found


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len({*names}):
            raise Malformed(f"<{tag}> has an attribute twice: {names}")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].parts.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        element = self.open.pop()
        if element.tag != tag or not self.open:
            raise Malformed(f"</{tag}> ends <{element.tag}>")

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)


def parse(html: str) -> list[Element]:
    """The elements at the top. Malformed where nesting is wrong or text stands between them."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    if len(reader.open) != 1:
        raise Malformed(f"<{reader.open[-1].tag}> has no end in {html}")
    if any(isinstance(part, str) and part.strip() for part in reader.root.parts):
        raise Malformed(f"text stands outside of elements in {html}")
    return reader.root.children
