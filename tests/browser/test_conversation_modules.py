"""The pure modules of the conversation: links, mentions, groups, ages and reactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.module_scripts import CONVERSATION, run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MINUTE = 60_000
LIFE = 30 * MINUTE


# ---- Links ---------------------------------------------------------------------------------------


def parts(page: Page, text: str) -> list[Any]:
    """A text, each link in it as [host, rest, where it leads]."""
    return list(
        run(
            page,
            """const { partsOf } = await load('chat/links');
            const plain = (part) => typeof part === 'string';
            const shown = ({ host, rest, href }) => [host, rest, href];
            return partsOf(argument).map((part) => plain(part) ? part : shown(part));""",
            text,
        )
    )


def test_an_address_in_a_text_is_a_link_that_shows_its_host_in_full(page: Page) -> None:
    assert parts(page, "Look: https://muni-transit.example/lines/4/detour, now") == [
        "Look: ",
        [
            "muni-transit.example",
            "/lines/4/det…",
            "https://muni-transit.example/lines/4/detour",
        ],
        ", now",
    ]
    assert parts(page, "HTTP://Example.ORG:8080") == [
        ["example.org:8080", "", "http://example.org:8080/"]
    ]
    assert parts(page, "no link, and https:// none either") == ["no link, and https:// none either"]


@pytest.mark.parametrize(
    ("text", "link", "after"),
    [
        ("(https://a.example/b_(c)).", "https://a.example/b_(c)", ")."),
        ("https://a.example/?q=1!?", "https://a.example/?q=1", "!?"),
        ("«https://a.example/»", "https://a.example/", "»"),
        ("هل https://a.example/؟", "https://a.example/", "؟"),
        ("https://a.example/x https://b.example", "https://a.example/x", " "),
    ],
)
def test_what_ends_a_sentence_is_no_part_of_an_address(
    page: Page, text: str, link: str, after: str
) -> None:
    found = parts(page, text)
    at = next(turn for turn, part in enumerate(found) if isinstance(part, list))
    assert found[at][2] == link
    assert found[at + 1] == after


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "javascript://example.org/%0aalert(1)",
        "data:text/html,<b>x</b>",
        "ftp://example.org/",
        "https://bank.example@evil.example/",
        "https://bank.example:secret@evil.example/",
        "https://@evil.example/",
        "https://bank.example\\@evil.example/",
        "https://evil.example/\u202egnp.exe",
        "https://ex\u200bample.org/",
        "https://ex\u2066ample.org/",
        "https://exa\u00admple.org/",
        "https://example.org\u0000/",
        "https://[::1/",
        "xhttps://example.org/",
    ],
)
def test_what_is_no_plain_address_stays_text(page: Page, text: str) -> None:
    assert parts(page, text) == [text]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://bücher.example/", "bücher.example"),
        ("https://пример.рф/", "пример.рф"),
        ("https://xn--e1afmkfd.xn--p1ai/", "xn--e1afmkfd.xn--p1ai"),
        ("https://例え.テスト/", "例え.テスト"),
        ("https://pаypal.com/", "xn--pypal-4ve.com"),
        ("https://аррӏе.com/", "xn--80ak6aa92e.com"),
        ("https://ɡoogle.example/", "xn--oogle-qmc.example"),
        ("https://faceboοk.example/", None),
        ("https://0x7f.1/", "127.0.0.1"),
        ("https://ｅｘａｍｐｌｅ.org/", "example.org"),
    ],
)
def test_a_host_is_shown_as_the_browser_will_ask_for_it_where_scripts_mix(
    page: Page, address: str, host: str | None
) -> None:
    ((shown, _, href),) = parts(page, address)
    assert shown == (host or href.removeprefix("https://").removesuffix("/"))
    assert href.isascii()
    assert host is not None or shown.startswith("xn--")


def test_a_link_of_500_letters_is_one_link_and_cut_for_the_eye(page: Page) -> None:
    address = "https://example.org/" + "a" * 480
    assert parts(page, address) == [["example.org", "/" + "a" * 11 + "…", address]]


def test_words_are_put_on_the_page_as_text_and_links_say_whose_they_are(page: Page) -> None:
    found = run(
        page,
        """const { fillWords } = await load('chat/bubble');
        const bubble = document.createElement('p');
        fillWords(bubble, argument, ['Ana']);
        const [mark] = bubble.querySelectorAll('mark');
        const { href, rel, target } = bubble.querySelector('a');
        const { childElementCount, textContent } = bubble;
        return [childElementCount, textContent, mark.textContent, href, rel, target];""",
        "<b>@Ana</b> https://example.org/<script>",
    )
    assert found == [
        2,
        "<b>@Ana</b> example.org<script>",
        "@Ana",
        "https://example.org/",
        "noopener noreferrer nofollow ugc",
        "_blank",
    ]


# ---- Mentions ------------------------------------------------------------------------------------

PEOPLE = [
    {"id": "1", "name": "Ana", "tag": "aaa"},
    {"id": "2", "name": "Quiet Heron", "tag": "bbb"},
    {"id": "3", "name": "Ana", "tag": "ccc"},
    {"id": "4", "name": "Anastasia", "tag": "ddd"},
    {"id": "5", "name": "Óscar", "tag": "eee"},
]


@pytest.mark.parametrize(
    ("text", "caret", "typed"),
    [
        ("@", 1, ""),
        ("Thanks @an", 10, "an"),
        ("Thanks @an and", 10, "an"),
        ("@Quiet He", 9, "Quiet He"),
        ("mail me: a@b", 12, None),
        ("nothing", 7, None),
        ("@ ", 2, None),
        ("@one\ntwo", 8, None),
        ("@" + "x" * 40, 41, None),
    ],
)
def test_the_name_that_is_being_written_stands_before_the_caret(
    page: Page, text: str, caret: int, typed: str | None
) -> None:
    found = run(
        page,
        "const { nameAt } = await load('chat/mentions'); return nameAt(...argument);",
        [text, caret],
    )
    assert (found and found["typed"]) == typed


def test_names_are_found_by_their_beginning_then_by_a_later_word_whatever_the_accents(
    page: Page,
) -> None:
    script = """const { matching } = await load('chat/mentions');
    const [people, typed] = argument;
    return typed.map((one) => matching(people, one).map(({ id }) => id));"""
    typed = ["", "an", "ANA", "heron", "osc", "zzz"]
    assert run(page, script, [PEOPLE, typed]) == [
        ["1", "2", "3", "4", "5"],
        ["1", "3", "4"],
        ["1", "3", "4"],
        ["2"],
        ["5"],
        [],
    ]


def test_a_chosen_name_takes_the_place_of_what_was_written_of_it(page: Page) -> None:
    script = """const { nameAt, completed } = await load('chat/mentions');
    return argument.map(([text, caret]) => completed(text, nameAt(text, caret), 'Ana'));"""
    assert run(page, script, [["Hi @a", 5], ["Hi @a there", 5]]) == [
        {"text": "Hi @Ana ", "caret": 8},
        {"text": "Hi @Ana there", "caret": 8},
    ]


def test_a_text_names_those_who_were_chosen_and_whoever_alone_has_that_name(page: Page) -> None:
    script = """const { mentioned } = await load('chat/mentions');
    const [people, asked] = argument;
    const chosen = (ids) => people.filter(({ id }) => ids.includes(id));
    return asked.map(([text, ids]) => mentioned(text, chosen(ids), people));"""
    asked = [
        ["@Ana look", []],  # two are called so
        ["@Ana look", ["3"]],
        ["look", ["3"]],  # taken out again
        ["@Quiet Heron, and @Óscar!", []],
        ["@Anastasia", ["1"]],  # no other name that begins like it
        ["a@Quiet Heronry", []],
        ["mail@Quiet Heron", []],
        ["https://social.example/@Anastasia", []],
        ["@Quiet Heron Bay, hello", []],  # the longer name, and not whoever has its beginning
        ["@Quiet Heron Bay and @Quiet Heron", ["2"]],
        ["@Ana", ["1", "3"]],  # each takes the place of one
        ["@Ana and @Ana", ["1", "3"]],
    ]
    people = [*PEOPLE, {"id": "6", "name": "Quiet Heron Bay", "tag": "fff"}]
    assert run(page, script, [people, asked]) == [
        *([], ["3"], [], ["2", "5"], ["4"], []),
        *([], [], ["6"], ["2", "6"], ["1"], ["1", "3"]),
    ]
    many = [{"id": str(turn), "name": f"N{turn}", "tag": str(turn)} for turn in range(100)]
    text = " ".join(f"@N{turn}" for turn in range(100))
    assert run(page, script, [many, [[text, []]]]) == [[str(turn) for turn in range(5)]]


# ---- Groups, ages, quotes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "sent", "first", "again"),
    [
        (("ana", 0), 2 * MINUTE, 0, True),
        (("ana", 0), 2 * MINUTE + 1, 0, False),
        (("bob", 0), 1, 0, False),
        (("ana", 4 * MINUTE), 5 * MINUTE - 1, 0, True),
        (("ana", 4 * MINUTE), 5 * MINUTE, 0, False),
        (None, 0, 0, False),
    ],
)
def test_words_of_one_person_in_a_row_are_one_group_for_one_step_of_the_arc(
    page: Page, before: tuple[str, int] | None, sent: int, first: int, again: bool
) -> None:
    one = before and {"person": before[0], "sent": before[1]}
    found = run(
        page,
        "const { goesOn } = await load('chat/ages'); return goesOn(...argument);",
        [one, {"person": "ana", "sent": sent}, first],
    )
    assert found is again


def test_a_message_says_how_old_it_is_and_what_is_left_in_its_last_five_minutes_alone(
    page: Page,
) -> None:
    script = """const { ageStep, lastMinutes, minutesAgo } = await load('chat/ages');
    const [life, times] = argument;
    const left = (now) => lastMinutes(0, life, now);
    return times.map((now) => [minutesAgo(0, now), ageStep(0, life, now), left(now)]);"""
    times = [-5, 0, 59_999, MINUTE, 5 * MINUTE, 25 * MINUTE - 1, 25 * MINUTE, LIFE - 1, LIFE + 9]
    assert run(page, script, [LIFE, times]) == [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
        [1, 0, 0],
        [5, 1, 0],
        [24, 4, 0],
        [25, 5, 5],
        [29, 5, 1],
        [30, 5, 1],
    ]


def test_times_and_distances_are_words_of_the_page_s_language(page: Page) -> None:
    script = """const { formatAgo, nameDistance } = await load('page/units');
    return [[0, 1, 29].map(formatAgo), [0, 200, 1500].map(nameDistance)];"""
    assert run(page, script) == [
        ["now", "1 min", "29 min"],
        ["right around you", "200 metres", "1.5 kilometres"],
    ]


def test_what_is_quoted_is_gone_where_it_was_taken_back_or_is_over_and_else_unheard(
    page: Page,
) -> None:
    script = """const { lostAs } = await load('chat/ages');
    return argument.map((one) => lostAs(...one));"""
    now = 2 * LIFE
    asked = [
        (f"{now - LIFE + 1}-0.a", False, now, LIFE),
        (f"{now - LIFE}-0.a", False, now, LIFE),
        (f"{now - 1}-0.a", True, now, LIFE),
        ("nonsense", False, now, LIFE),
    ]
    assert run(page, script, asked) == ["unheard", "gone", "gone", "gone"]


# ---- Reactions -----------------------------------------------------------------------------------


def test_reactions_are_read_and_one_of_yours_takes_the_place_of_the_other(page: Page) -> None:
    script = """const found = await load('chat/reaction-counts');
    const { readReactions, shownReactions, withOwn } = found;
    const read = readReactions(argument);
    const [taken, given] = [withOwn(read, ''), withOwn(read, 'wow')];
    const same = withOwn(given, 'wow');
    return [read, shownReactions(read), taken, given, same, readReactions(undefined)];"""
    read = {"counts": {"yes": 12, "love": 1}, "own": "love"}
    assert run(page, script, "love:1* yes:12 nonsense:3 wow:-1 funny:x constructor:2 ") == [
        read,
        [["yes", 12], ["love", 1]],
        {"counts": {"yes": 12}, "own": ""},
        {"counts": {"yes": 12, "wow": 1}, "own": "wow"},
        {"counts": {"yes": 12, "wow": 1}, "own": "wow"},
        {"counts": {}, "own": ""},
    ]


# What a socket brings, by [name, fields]; and how a reaction stands then: [counts, own].
SIGNALS = """
  const signals = document.createElement('div');
  signals.id = 'signals';
  document.body.append(signals);
  const { choose, reactionsOf, settle } = await load('chat/reactions');
  const told = (name, fields) => {
    const template = document.createElement('template');
    const signal = Object.assign(document.createElement('data'), { className: name });
    Object.assign(signal.dataset, fields);
    template.content.append(signal);
    const detail = { fragment: template.content };
    signals.dispatchEvent(new CustomEvent('htmx:oobBeforeSwap', { detail, bubbles: true }));
  };
  const id = `${Date.now()}-0.0`;
  const counted = (counts) => told('reactions', { id, counts });
  const yours = (reaction) => told('reacted', { id, reaction });
  const shown = () => [reactionsOf(id).counts, reactionsOf(id).own];
"""


def test_of_quick_changes_of_a_reaction_none_that_was_refused_stays(arrival: Page) -> None:
    arrival.evaluate(CONVERSATION)
    script = f"""{SIGNALS}
    const steps = [];
    counted('yes:2');
    choose(id, 'love', 'a');
    choose(id, 'wow', 'b');
    choose(id, '', 'c');
    steps.push(shown());
    settle(id, 'c'); // refused
    steps.push(shown());
    settle(id, 'a'); // refused
    counted('yes:3'); // by somebody else
    steps.push(shown());
    settle(id, 'b'); // refused
    steps.push(shown());
    choose(id, 'love', 'd');
    choose(id, 'wow', 'e');
    yours('love'); // kept
    settle(id, 'd');
    steps.push(shown());
    settle(id, 'e'); // refused
    counted('yes:3 love:1');
    steps.push(shown());
    return steps;"""
    assert run(arrival, script) == [
        [{"yes": 2}, ""],
        [{"yes": 2, "wow": 1}, "wow"],
        [{"yes": 3, "wow": 1}, "wow"],
        [{"yes": 3}, ""],
        [{"yes": 3, "wow": 1}, "wow"],
        [{"yes": 3, "love": 1}, "love"],
    ]


def test_what_you_took_back_elsewhere_meanwhile_is_not_yours_on_the_next_socket(
    arrival: Page,
) -> None:
    arrival.evaluate(CONVERSATION)
    script = f"""{SIGNALS}
    const steps = [];
    yours('yes');
    counted('yes:3');
    steps.push(shown());
    told('welcome', {{ now: Date.now() }});
    counted('yes:2');
    told('mark', {{ mark: Date.now() }});
    steps.push(shown());
    choose(id, 'love', 'a');
    told('welcome', {{ now: Date.now() }});
    counted('yes:2 love:1'); // it was kept before the socket closed
    yours('love');
    told('mark', {{ mark: Date.now() }});
    steps.push(shown());
    settle(id, 'a');
    steps.push(shown());
    document.dispatchEvent(new Event('neartalk:session'));
    steps.push(shown());
    return steps;"""
    assert run(arrival, script) == [
        [{"yes": 3}, "yes"],
        [{"yes": 2}, ""],
        [{"yes": 2, "love": 1}, "love"],
        [{"yes": 2, "love": 1}, "love"],
        [{"yes": 2, "love": 1}, ""],
    ]


def test_a_name_that_is_read_from_the_right_does_not_turn_the_words_around_it(page: Page) -> None:
    script = """const { muted, wroteToYou } = await load('chat/words');
    return argument.flatMap((name) => [muted(name), wroteToYou(name, 3)]);"""
    assert run(page, script, ["Ana", "שרה"]) == [
        "Ana is muted for you. Show again",
        "Ana wrote to you, 3 new",
        "\u2068שרה\u2069 is muted for you. Show again",
        "\u2068שרה\u2069 wrote to you, 3 new",
    ]
