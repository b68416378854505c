"""Notifications by the service worker: offered once, shown on a hidden page, and leading to their
message; and the page for whoever is offline."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeVar

import pytest
from playwright.sync_api import expect

from neartalk.push import new_private_key
from tests.browser.visitor import HIDE, wait_until
from tests.support.client import elsewhere, north
from tests.support.prompt_server import AwaySoonServer
from tests.support.push_service import claims_of, encoded, push_service_beside
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Invite, Meet
    from tests.browser.visitor import BrowserVisitor
    from tests.support.client import Spot
    from tests.support.push_service import PushService
    from tests.support.servers import Server

T = TypeVar("T")

pytestmark = pytest.mark.browser

ALLOWED = ["geolocation", "notifications"]
WORKS = """() => navigator.serviceWorker.getRegistration().then((one) => Boolean(one?.active))"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  const shown = await registration?.getNotifications() ?? [];
  return shown.map(({ title, body, tag, silent, data }) => ({ title, body, tag, silent, ...data }));
}"""
SHOWN_BY_WORKER = """async () => {
  const shown = await registration.getNotifications();
  return shown.map(({ title, body, data }) => [title, body, data.id]);
}"""
# A worker shows nothing beside a page that is seen, and has one that is closed a moment longer.
NO_PAGE = """async () => {
  const pages = await clients.matchAll({ type: 'window', includeUncontrolled: true });
  return pages.length === 0;
}"""
# A press on the notification of a message, also once the page that is seen took it back. Only the
# browser's own may bring a page to the front or open one: what would be opened is returned.
PRESSED = """async (id) => {
  self.ever ??= await registration.getNotifications();
  const notification = ever.find(({ data }) => data.id === id);
  const event = new NotificationEvent('notificationclick', { notification });
  let opened = '';
  clients.openWindow = async (url) => { opened = url; };
  const done = new Promise((resolve) => { event.waitUntil = resolve; });
  dispatchEvent(event);
  await done.catch((why) => {
    if (why.name !== 'InvalidAccessError') throw why;
  });
  return opened;
}"""
# Whatever a cache holds: the path, and what is under it.
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const { pathname } = new URL(request.url);
      found.push([pathname, await (await cache.match(request)).text()]);
    }
  }
  return found;
}"""
# A row as the socket brings it, of somebody whose words mention you.
MENTIONED = """(id) => {
  const { personId } = document.body.dataset;
  const message = `<ol id="messages" hx-swap-oob="beforeend"><li class="p3" id="m-${id}"
    data-person="${'f'.repeat(16)}" data-m="200" data-at="${personId}">
    <bdi>Ana</bdi><i>fff</i><p>Is the bridge open?</p></li></ol>`;
  const init = { cancelable: true, detail: { message } };
  document.dispatchEvent(new CustomEvent('htmx:wsBeforeMessage', init));
}"""
# No push service is in reach here: subscribes with the keys of the test and at its own.
SUBSCRIBED = """(() => {
  const { endpoint, ...keys } = FIELDS;
  let made = null;
  PushManager.prototype.getSubscription = async () => made;
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new DOMException('', 'NotAllowedError');
    window.subscribedWith = [...applicationServerKey];
    const options = { userVisibleOnly, applicationServerKey: applicationServerKey.buffer };
    const unsubscribe = async () => { made = null; };
    return (made = { endpoint, options, unsubscribe, toJSON: () => ({ endpoint, keys }) });
  };
})()"""
# Notes what this page, or this worker, shows, by their messages. Chromium forgets one that is being
# shown while somebody asks which ones are: hence nobody asks before that.
NOTE_SHOWN = """
  self.shownHere = [];
  const { prototype } = self.ServiceWorkerRegistration ?? class {}; // no empty page has one
  const show = prototype.showNotification;
  prototype.showNotification = async function (title, options) {
    await show.call(this, title, options);
    self.shownHere.push(options.data.id);
  };
"""
SHOWN_HERE = "(count) => self.shownHere.length >= count"
# One more of those who are mentioned: by the module that the page has.
OWN_ID = """async () => {
  const known = performance.getEntriesByType('resource').map(({ name }) => name);
  const module = known.find((name) => /server\\/session(\\.\\w+)?\\.js/.test(name));
  const { ownId } = await import(module);
  return (document.body.dataset.personId = ownId());
}"""


@pytest.fixture
def pushed() -> Iterator[tuple[Server, PushService]]:
    """A push service, and a server that may push to it and soon takes whoever closed their page for
    away."""
    with push_service_beside() as service:
        keys = {"VAPID_PRIVATE_KEY": new_private_key(), "VAPID_SUBJECT": "mailto:o@example.org"}
        server = AwaySoonServer("uvicorn", {**keys, "PUSH_HOSTS": service.origin})
        try:
            yield server.start(), service
        finally:
            server.close()


def allowed(visit: Invite, server: Server, spot: Spot) -> BrowserVisitor:
    one = visit(server, spot, permissions=ALLOWED, service_workers="allow")
    one.context.add_init_script(NOTE_SHOWN)
    wait_until(one.arrive().page, WORKS)
    return one


def shown(page: Page) -> list[dict[str, object]]:
    found: list[dict[str, object]] = page.evaluate(SHOWN)
    return found


def kept_paths(page: Page) -> set[str]:
    return {path for path, _ in page.evaluate(KEPT)}


def await_choices(page: Page) -> None:
    """Returns once the browser keeps what was chosen, or that it was offered."""
    until(lambda: "/choices" in kept_paths(page), "the choice is kept")


def mention(page: Page) -> str:
    until(lambda: page.evaluate(OWN_ID), "the page knows who it is")
    message_id = f"{page.evaluate('Date.now()')}-0.0badcafe"
    page.evaluate(MENTIONED, message_id)
    return message_id


def test_notifications_are_offered_once_after_the_first_message(
    server: Server, visit: Invite
) -> None:
    alice = allowed(visit, server, elsewhere())
    offer = alice.page.locator("#notify-offer")
    expect(offer).to_be_hidden()
    alice.send_text("Is anybody here?")
    expect(offer).to_be_visible()
    offer.get_by_role("button", name="Not now").click()
    expect(offer).to_be_hidden()
    await_choices(alice.page)
    alice.page.reload()
    alice.expect_here()
    alice.send_text("Still nobody?")
    alice.await_pong()
    expect(offer).to_be_hidden()
    # Until it is turned on nothing is shown, though the browser would let it.
    alice.hide()
    mention(alice.page)
    expect(alice.page).to_have_title(re.compile("Ana wrote to you"))
    assert shown(alice.page) == []


def test_whoever_is_mentioned_meanwhile_is_notified_and_led_to_the_message(
    server: Server, visit: Invite
) -> None:
    alice = allowed(visit, server, elsewhere())
    alice.page.get_by_role("button", name="Settings").click()
    alice.page.get_by_role("switch", name="Tell me").check()
    expect(alice.page.locator("#notify-status")).to_have_text(
        "You get a notification while this page stays open."
    )
    alice.page.get_by_role("switch", name="Sounds").uncheck()
    alice.page.keyboard.press("Escape")
    alice.hide()
    message_id = mention(alice.page)
    wait_until(alice.page, SHOWN_HERE, 1)
    assert shown(alice.page) == [
        {
            "title": "Ana wrote to you",
            "body": "",  # never what was said
            "tag": "neartalk-mention",
            "silent": True,
            "id": message_id,
        }
    ]
    alice.hide(False)
    until(lambda: not shown(alice.page), "the notification is taken back once the page is seen")


def test_an_address_with_a_message_leads_to_it_or_says_that_it_is_gone(
    server: Server, visit: Invite, meet: Meet
) -> None:
    spot = elsewhere()
    alice = allowed(visit, server, spot)
    bob = meet(server, north(spot, 2), "bob")
    bob.send_text("Are you here?")
    row = alice.message("Are you here?")
    expect(row).to_be_visible()
    anchor = row.get_attribute("id")
    page = alice.tab()
    page.goto(f"{server.url}/near#{anchor}")
    expect(page.locator(f"[id='{anchor}'] > .o")).to_be_focused()
    assert page.url == f"{server.url}/near"
    page.goto(f"{server.url}/rules")
    page.goto(f"{server.url}/near#m-1764340540137-0.b1beb8a3")
    expect(page.locator("#alerts > .notice.calm:visible")).to_contain_text("That message is gone.")


def test_an_empty_place_says_who_comes_first(server: Server, visit: Invite, meet: Meet) -> None:
    spot = elsewhere()
    alice = allowed(visit, server, spot)
    alice.page.get_by_role("button", name="Settings").click()
    alice.page.get_by_role("switch", name="Tell me").check()
    alice.hide()
    meet(server, north(spot, 2), "bob")
    expect(alice.page).to_have_title("Someone is near. Near, 500 m")
    wait_until(alice.page, SHOWN_HERE, 1)
    assert [one["title"] for one in shown(alice.page)] == ["Someone is near"]


def test_whoever_is_offline_gets_a_page_that_says_so_and_nothing_said_is_kept(
    server: Server, visit: Invite
) -> None:
    alice = allowed(visit, server, elsewhere())
    alice.send_text("Nothing of this is kept.")
    await_choices(alice.page)
    kept = alice.page.evaluate(KEPT)
    paths = {re.sub(r"\.[0-9a-f]{12}\.", ".", path) for path, _ in kept}
    assert paths == {
        *("/offline", "/choices", "/static/css/base.css", "/static/css/front.css"),
        *("/static/js/offline.js", "/static/icons/neartalk.svg"),
    }
    assert not [path for path, text in kept if "Nothing of this is kept." in text]
    alice.page.reload()  # from now on the worker has the page
    alice.expect_here()
    alice.forgive("ERR_INTERNET_DISCONNECTED")
    alice.forgive("WebSocket")
    alice.forgive("htmx:")  # what it asks for by itself a moment after it came
    alice.context.set_offline(True)
    alice.page.reload()
    expect(alice.page.get_by_role("heading", name="You are offline")).to_be_visible()
    alice.context.set_offline(False)
    alice.page.wait_for_url("**/near")  # by itself
    alice.expect_here()


def test_a_form_that_is_sent_offline_leads_back_to_its_page_and_is_sent_no_second_time(
    server: Server, visit: Invite
) -> None:
    alice = allowed(visit, server, elsewhere())
    alice.page.reload()  # from now on the worker has the page
    alice.expect_here()
    alice.page.get_by_role("button", name="Settings").click()
    form = alice.page.locator("#settings form.language")
    form.get_by_label("Language").select_option("de")
    for words in ("ERR_INTERNET_DISCONNECTED", "WebSocket", "htmx:"):
        alice.forgive(words)
    alice.context.set_offline(True)
    form.get_by_role("button", name="Change language").click()
    expect(alice.page.get_by_role("heading", name="You are offline")).to_be_visible()
    assert alice.page.url == f"{server.url}/near"
    tried = len(alice.calls("/language"))
    alice.context.set_offline(False)
    alice.expect_here()  # by itself
    assert alice.page.locator("html").get_attribute("lang") == "en"
    assert len(alice.calls("/language")) == tried


def pushing(alice: BrowserVisitor) -> Callable[[str], None]:
    """Hands the worker what a push says, as the browser does, whether or not a page is there."""
    beside = alice.context.new_page()
    cdp = alice.context.new_cdp_session(beside)
    registrations: list[str] = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registrations.extend(
            one["registrationId"] for one in told["registrations"] if not one["isDeleted"]
        ),
    )
    cdp.send("ServiceWorker.enable")
    meanwhile(beside, lambda: registrations, "the worker is known")

    def push(data: str) -> None:
        to = {"origin": alice.url, "registrationId": registrations[-1]}
        cdp.send("ServiceWorker.deliverPushMessage", {**to, "data": data})

    return push


def meanwhile(page: Page, look: Callable[[], T | None], what: str) -> T:
    """As `until`, while the browser goes on."""
    return until(look, what, pause=lambda: page.wait_for_timeout(20))


def test_a_push_is_shown_by_the_worker_while_no_page_is_there_and_leads_to_its_message(
    server: Server, visit: Invite
) -> None:
    alice = allowed(visit, server, elsewhere())
    anchors = []
    for text in ("Who has a spare ticket?", "For tonight."):
        alice.send_text(text)
        anchors.append(str(alice.message(text).get_attribute("id")))
    first, second = (anchor.removeprefix("m-") for anchor in anchors)
    (worker,) = alice.context.service_workers
    worker.evaluate(f"() => {{ {NOTE_SHOWN} }}")
    push = pushing(alice)
    beside = alice.context.pages[-1]
    alice.page.close()
    meanwhile(beside, lambda: worker.evaluate(NO_PAGE), "no page is there")
    told = [["Ana answered you", "", first], ["Bo wrote to you", "", second]]
    push(json.dumps({"kind": "reply", "name": "Ana", "id": first}))
    meanwhile(beside, lambda: worker.evaluate(SHOWN_HERE, 1), "it is shown")
    assert worker.evaluate(SHOWN_BY_WORKER) == told[:1]
    push(json.dumps({"kind": "mention", "name": "Bo", "id": second}))
    meanwhile(beside, lambda: worker.evaluate(SHOWN_HERE, 2), "both are shown")
    assert sorted(worker.evaluate(SHOWN_BY_WORKER)) == told

    opened = worker.evaluate(PRESSED, first)
    assert worker.evaluate(SHOWN_BY_WORKER) == [told[1]]
    page = alice.tab()
    page.goto(f"{server.url}{opened}")
    expect(page.locator(f"[id='{anchors[0]}'] > .o")).to_be_focused()
    assert page.url == f"{server.url}/near"
    assert worker.evaluate(PRESSED, second) == "", "the page that is there comes up"
    expect(page.locator(f"[id='{anchors[1]}'] > .o")).to_be_focused()


def test_whoever_closed_the_page_is_pushed_an_answer_that_leads_back_and_has_missed_nothing(
    pushed: tuple[Server, PushService], visit: Invite, meet: Meet
) -> None:
    server, service = pushed
    device, spot = service.device(), elsewhere()
    alice = visit(server, spot, permissions=ALLOWED, service_workers="allow")
    alice.context.add_init_script(SUBSCRIBED.replace("FIELDS", json.dumps(device.fields)))
    alice.arrive()
    alice.page.get_by_role("button", name="Settings").click()
    alice.page.get_by_role("switch", name="Tell me").check()
    expect(alice.page.locator("#notify-status")).to_contain_text("also while this page sleeps")
    key = alice.page.evaluate("subscribedWith")
    alice.page.keyboard.press("Escape")
    bob = meet(server, north(spot, 2), "bob")
    alice.send_text("Who has a spare ticket?")
    asked = str(alice.message("Who has a spare ticket?").get_attribute("id")).removeprefix("m-")
    (worker,) = alice.context.service_workers
    worker.evaluate(f"() => {{ {NOTE_SHOWN} }}")
    push = pushing(alice)
    beside = alice.context.pages[-1]
    alice.page.close()
    bob.await_that(lambda frame: '"away": true' in json.dumps(frame), "alice is away")
    bob.send_text("Is anybody here?")
    answer = bob.send_text("I have one.", reply_to=asked)

    arrived = meanwhile(beside, service.next, "the push of the answer")
    assert claims_of(arrived)[0] == encoded(bytes(key)), "signed by whom the browser subscribed to"
    assert device.read(arrived) == {"kind": "reply", "name": "bob", "id": answer}
    meanwhile(beside, lambda: worker.evaluate(NO_PAGE), "no page is there")
    push(device.opened(arrived))
    told = [["bob answered you", "", answer]]
    meanwhile(beside, lambda: worker.evaluate(SHOWN_HERE, 1), "it is shown")
    assert worker.evaluate(SHOWN_BY_WORKER) == told
    page = alice.tab()
    page.goto(f"{server.url}{worker.evaluate(PRESSED, answer)}")
    expect(page.locator(f"[id='m-{answer}'] > .o")).to_be_focused()
    expect(page.locator("#messages .bubble")).to_contain_text(
        ["Who has a spare ticket?", "Is anybody here?", "I have one."]
    )
    assert service.next() is None, "what is not written to her is not pushed"


def test_several_tabs_notify_once_and_none_of_them_while_one_is_seen(
    server: Server, visit: Invite
) -> None:
    alice = allowed(visit, server, elsewhere())
    alice.page.get_by_role("button", name="Settings").click()
    alice.page.get_by_role("switch", name="Tell me").check()
    alice.page.keyboard.press("Escape")
    other = alice.tab()
    other.goto(f"{server.url}/near")
    expect(other.locator("#status")).to_have_text("Live")
    until(lambda: other.evaluate(OWN_ID), "the other tab knows who it is")
    alice.hide()
    mention(alice.page)
    expect(alice.page).to_have_title(re.compile("Ana wrote to you"))

    other.evaluate(HIDE, True)
    told = mention(other)
    wait_until(other, SHOWN_HERE, 1)
    alice.page.evaluate(MENTIONED, told)
    last = f"{int(told.split('-')[0]) + 1}-0.0badcafe"
    alice.page.evaluate(MENTIONED, last)
    wait_until(alice.page, SHOWN_HERE, 1)
    assert [one["id"] for one in shown(other)] == [last], "the newest one is shown"
    assert alice.page.evaluate("window.shownHere") == [last]


def test_whoever_leaves_leaves_no_choice_of_notifications_behind(
    server: Server, visit: Invite
) -> None:
    alice = allowed(visit, server, elsewhere())
    alice.page.get_by_role("button", name="Settings").click()
    alice.page.get_by_role("switch", name="Tell me").check()
    alice.page.get_by_role("switch", name="Sounds").uncheck()
    await_choices(alice.page)
    alice.page.locator("#settings").get_by_role("button", name="Leave").click()
    alice.page.wait_for_url(f"{server.url}/")
    until(lambda: "/choices" not in kept_paths(alice.page), "the choice is forgotten")
    assert "/offline" in kept_paths(alice.page)
