"""docs/clients.md says which calls there are, with which codes they refuse, and other words."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from django.urls import URLPattern, get_resolver

from chat.spam import LINKS_MAX, refuse_spam
from neartalk.codes import CODES, Code
from neartalk.devtools.reconnecting_socket import FINAL
from neartalk.text import TextRefused
from presence.geo import label_m, label_of
from tests.support.docs import modules, page, read, rows, spans
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# ---- Calls ---------------------------------------------------------------------------------------


def api_calls() -> set[str]:
    """Method and address of every call; health and metrics alone take any method."""
    methods = {
        node.name: str(call.args[0].value)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AsyncFunctionDef)
        for call in node.decorator_list
        if isinstance(call, ast.Call) and isinstance(call.args[0], ast.Constant)
    }
    return {
        f"{methods.get(pattern.callback.__name__, 'GET')} /{pattern.pattern}"
        for pattern in patterns(get_resolver().url_patterns)
        if str(pattern.pattern).startswith(("api/", "metrics"))
    }


def patterns(each: list) -> Iterator[URLPattern]:
    for one in each:
        if isinstance(one, URLPattern):
            yield one
        elif not str(one.pattern):  # an app's own addresses, without a prefix
            yield from patterns(one.url_patterns)


def test_every_call_stands_in_the_table_and_no_other() -> None:
    assert {spans(call)[0] for call, *_ in rows("## HTTP")} == api_calls()


# ---- Codes ---------------------------------------------------------------------------------------


def codes_in(half: Callable[[Code], bool]) -> dict[str, tuple[str, str, str]]:
    """Codes of one half of the table: HTTP status, close code and words."""
    return {
        code: (str(row.status), str(row.close or "-"), words(row))
        for code, row in CODES.items()
        if half(row)
    }


def words(row: Code) -> str:
    return f"{row.title} {row.words.format(retry_after='n', minutes='n', reason='why')}"


def codes_told() -> tuple[list[list[str]], list[list[str]]]:
    """The rows under "Try again", and those under "Do not"."""
    table = rows("## Codes")
    firsts = [cells[0] for cells in table]
    again, never = firsts.index("**Try again**"), firsts.index("**Do not**")
    assert again == 0 < never
    return table[1:never], table[never + 1 :]


def test_every_code_stands_in_its_half_with_status_close_code_and_words() -> None:
    again, never = (
        {spans(code)[0]: tuple(rest) for code, *rest in half if spans(code)}
        for half in codes_told()
    )
    assert again == codes_in(lambda row: row.again)
    assert never == codes_in(lambda row: not row.again)


def test_closes_that_are_final_are_those_after_which_neither_page_nor_tools_come_back() -> None:
    page = re.search(r"const FINAL = \[([\d, ]+)\]", read(ROOT / "static/js/server/close-codes.js"))
    assert page
    again, never = ({cells[2] for cells in half} - {"-"} for half in codes_told())
    assert never == {*page[1].split(", ")} == {*map(str, FINAL)}
    assert not again & never
    assert never == {str(row.close) for row in CODES.values() if row.close and not row.again}


# ---- Links and distances -------------------------------------------------------------------------


def test_what_counts_as_a_link_is_what_the_row_of_links_says() -> None:
    (row,) = [says for what, says in rows("## Sizes") if what == "links in a message"]
    assert row.startswith(f"{LINKS_MAX}. ")
    *begins, named, alone = spans(row)
    for link in [f"{each}x" for each in begins] + [named]:
        refuse_spam(" and ".join([link] * LINKS_MAX))
        with pytest.raises(TextRefused, match="too-many-links"):
            refuse_spam(" and ".join([link] * (LINKS_MAX + 1)))
    refuse_spam(" and ".join([alone] * (LINKS_MAX + 1)))


def test_the_words_for_distances_are_those_that_are_told() -> None:
    (told,) = re.findall(r"A \*\*distance\*\*.*?\n\n", page("docs/clients.md"), re.DOTALL)
    each = dict.fromkeys(label_of(label_m(metres)) for metres in range(1_300))
    assert [*each][:1] + [*each][-2:] == ["right around you", "~1 km", "~1.2 km"]
    assert {*spans(told)} == {"right around you", "~50 m", "~450 m", "~500 m", "~900 m"} | {
        "~1 km",
        "~1.2 km",
    }
    by_50 = [f"~{metres} m" for metres in range(50, 500, 50)]
    by_100 = [f"~{metres} m" for metres in range(500, 1_000, 100)]
    assert [*each] == ["right around you", *by_50, *by_100, "~1 km", "~1.2 km"]
