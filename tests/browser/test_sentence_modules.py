"""Sentences of the page in its language: forms by number, meanings by context, lists of people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.module_scripts import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# A fresh instance of the module in a page of that language.
FRESH = """
  document.documentElement.lang = argument;
  const fresh = (name) => import(`/static/js/page/${name}.js?${argument}`);
"""
PEOPLE = "['Ana', 'Bo', 'Cem', 'Dina'].map((name) => ({ name }))"


def test_without_a_catalogue_sentences_are_english_with_their_values_filled(page: Page) -> None:
    script = """
      const { gettext, ngettext, pgettext, gettextParts, ngettextParts } = await fresh('gettext');
      const ana = { name: 'Ana' };
      return [
        gettext('Hello {name}, {other}.', { name: 'Bo' }),
        [0, 1, 2, 1500].map((count) => ngettext('{count} person', '{count} people', count)),
        pgettext('verb', 'Open {count}', { count: 2 }),
        gettextParts('{who} and {count} more.', { who: [ana, ', ', 'Bo'], count: 1200 }),
        ngettextParts('{count} talks: {who}', '{count} talk: {who}', 1, { who: ana }),
      ];"""
    assert run(page, FRESH + script, "en") == [
        "Hello Bo, {other}.",
        ["0 people", "1 person", "2 people", "1,500 people"],
        "Open 2",
        [{"name": "Ana"}, ", ", "Bo", " and ", "1,200", " more."],
        ["1", " talks: ", {"name": "Ana"}],
    ]


def test_a_catalogue_has_forms_by_its_own_rule_and_meanings_by_context(page: Page) -> None:
    script = """
      const { useCatalogue, gettext, ngettext, pgettext } = await fresh('gettext');
      const strings = {
        'Open': 'Öffnen',
        'adjective\\u0004Open': 'Offen',
        '{count} person': ['{count} Mensch', '{count} Menschen'],
      };
      useCatalogue({ plural: (n) => Number(n > 1), strings });
      return [
        [gettext('Open'), pgettext('adjective', 'Open'), pgettext('noun', 'Open')],
        [0, 1, 1500].map((count) => ngettext('{count} person', '{count} people', count)),
        [0, 1, 2].map((count) => ngettext('{count} call', '{count} calls', count)),
      ];"""
    assert run(page, FRESH + script, "de") == [
        ["Öffnen", "Offen", "Open"],
        ["0 Mensch", "1 Mensch", "1.500 Menschen"],
        ["0 calls", "1 call", "2 calls"],
    ]


@pytest.mark.parametrize(
    ("language", "all_of_them", "some"),
    [
        ("en", "Ana, Bo, Cem and Dina", "Ana, Bo and 2 more"),
        ("de", "Ana, Bo, Cem und Dina", "Ana, Bo und 2 more"),
        ("ja", "Ana、Bo、Cem、Dina", "Ana、Bo、2 more"),
    ],
)
def test_people_are_listed_as_the_language_lists_them(
    page: Page, language: str, all_of_them: str, some: str
) -> None:
    script = f"""
      const {{ joined, named }} = await fresh('sentences');
      const people = {PEOPLE};
      const text = (parts) => parts.map((part) => part.name ?? part).join('');
      const whole = joined(people);
      return [
        text(whole), text(named(people, 2)), text(named(people, 4)),
        whole.filter((part) => people.includes(part)).length, joined([]), joined(people.slice(3)),
      ];"""
    assert run(page, FRESH + script, language) == [
        all_of_them,
        some,
        all_of_them,
        4,
        [],
        [{"name": "Dina"}],
    ]


def test_a_name_in_text_is_set_apart_where_either_direction_is_from_the_right(page: Page) -> None:
    script = """
      const { isolated } = await fresh('sentences');
      const found = ['Ana', 'דנה'].map(isolated);
      document.documentElement.dir = 'rtl';
      return [...found, isolated('Ana')];"""
    assert run(page, FRESH + script, "he") == [
        "Ana",
        "\u2068דנה\u2069",
        "\u2068Ana\u2069",
    ]


def test_the_end_of_a_sanction_is_told_by_the_readers_clock_in_any_language(page: Page) -> None:
    script = """
      const { localise } = await fresh('local-time');
      const notice = document.createElement('p');
      notice.innerHTML = '<i class="why">Bis 4. M\u00e4rz 2026, 05:06 UTC. Widerspruch: x</i>';
      const until = Date.UTC(2026, 2, 4, 5, 6);
      Object.assign(notice.dataset, { until, day: '4. M\u00e4rz 2026, 05:06' });
      const words = new Date(until).toLocaleString('de', { dateStyle: 'long', timeStyle: 'short' });
      return [localise(notice).textContent, `Bis ${words}. Widerspruch: x`];"""
    found, expected = run(page, FRESH + script, "de")
    assert found == expected
    assert "UTC" not in found


def test_a_refusal_counts_down_whatever_a_language_calls_seconds(page: Page) -> None:
    script = """
      document.body.insertAdjacentHTML('beforeend', '<div id="refusal"></div>');
      const { showRefusal } = await fresh('refusal');
      const notice = document.createElement('p');
      notice.dataset.retryAfter = '8';
      notice.innerHTML = '<span class="why">Nach 18 und 80: in 8 \u0441 geht es weiter.</span>';
      showRefusal(notice);
      return document.querySelector('#refusal [aria-hidden]').textContent;"""
    assert run(page, FRESH + script, "uk") == "Nach 18 und 80: in 8 \u0441 geht es weiter."
    counting = page.locator("#refusal [aria-hidden]")
    expect(counting).to_have_text(re.compile("^Nach 18 und 80: in [1-7] \u0441 geht es weiter\\.$"))
