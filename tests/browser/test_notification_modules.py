"""The modules of notifications by themselves: what stands in their way, and updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.module_scripts import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("device", "obstacle"),
    [
        ("window.Notification = class { static permission = 'granted'; };", ""),
        ("window.Notification = class { static permission = 'default'; };", "ask"),
        ("window.Notification = class { static permission = 'denied'; };", "blocked"),
        ("delete window.Notification; navigator.standalone = false;", "install"),
        ("delete window.Notification; navigator.standalone = true;", "missing"),
    ],
)
def test_what_stands_in_the_way_of_notifications_has_a_name(
    page: Page, device: str, obstacle: str
) -> None:
    script = f"""const {{ obstacle }} = await load('page/notification');
      const had = window.Notification;
      {device}
      const found = obstacle();
      window.Notification = had;
      delete navigator.standalone;
      return found;"""
    assert run(page, script) == obstacle


UPDATED = """
  document.body.insertAdjacentHTML('beforeend', `<div id="alerts"></div><template id="notice">
    <div class="notice" role="alert"><span class="notice-words"><b></b> <span></span></span>
    <div class="choices" hidden></div></div></template>`);
  const { serviceWorker } = navigator;
  const worker = Object.assign(new EventTarget(), { state: 'installed' });
  const active = { state: 'activated' };
  const found = Object.assign(new EventTarget(), { installing: worker, active });
  serviceWorker.register = async () => found;
  const controller = argument ? {} : null;
  Object.defineProperty(serviceWorker, 'controller', { configurable: true, value: controller });
  const { registration } = await import('/static/js/page/worker-registration.js');
  await import('/static/js/page/update-notice.js');
  await registration();
  found.dispatchEvent(new Event('updatefound'));
  worker.state = 'activated';
  worker.dispatchEvent(new Event('statechange'));
  const shown = [...document.querySelectorAll('#alerts > *')];
  return shown.map((one) => [one.getAttribute('role'), one.className, one.innerText]);
"""


@pytest.mark.parametrize("controlled", [True, False])
def test_an_update_is_told_calmly_and_the_first_worker_is_none(
    arrival: Page, controlled: bool
) -> None:
    told = run(arrival, UPDATED, controlled)
    words = ["status", "notice calm", "NearTalk is new. What you typed stays.\nLoad it"]
    assert told == ([words] if controlled else [])


def test_a_notification_of_somebody_goes_with_the_page(page: Page) -> None:
    shown = run(
        page,
        """const { notify } = await load('page/notification');
        const shown = new Set();
        window.Notification = class { static permission = 'granted'; };
        const postMessage = ({ tags }) => tags.forEach((tag) => shown.delete(tag));
        const active = { state: 'activated', postMessage };
        const showNotification = async (title, { tag }) => void shown.add(tag);
        const getNotifications = async () => [];
        const found = { active, showNotification, getNotifications, addEventListener() {} };
        navigator.serviceWorker.register = async () => found;
        Object.defineProperty(document, 'hidden', { value: true });
        await notify('ask', 'Voice', 'Ana 2mq wants to talk, ~300 m', { wanted: true });
        for (let turn = 0; turn < 1000 && !shown.size; turn += 1) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        const before = shown.size;
        window.dispatchEvent(new Event('pagehide'));
        await new Promise((resolve) => setTimeout(resolve));
        return [before, shown.size];""",
    )
    assert shown == [1, 0]


def test_what_is_taken_back_is_what_was_shown_until_then(arrival: Page) -> None:
    """However late the worker is, and however slowly the browser tells what it shows."""
    shown = run(
        arrival,
        """const { closeAll, notify } = await load('page/notification');
        let shown = ['before'];
        const drop = (dropped) => { shown = shown.filter((tag) => !dropped.includes(tag)); };
        const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        const postMessage = ({ tags }) => later(100).then(() => drop(tags ?? shown));
        const active = { state: 'activated', postMessage };
        const showNotification = async (title, { tag }) => void shown.push(tag);
        const getNotifications = async (only = {}) => {
          const found = shown.filter((tag) => tag === (only.tag ?? tag));
          await later(20);
          return found.map((tag) => ({ tag, close: () => drop([tag]) }));
        };
        const found = { active, showNotification, getNotifications, addEventListener() {} };
        navigator.serviceWorker.register = async () => found;
        window.Notification = class { static permission = 'granted'; };
        closeAll();
        Object.defineProperty(document, 'hidden', { value: true });
        await notify('arrival', 'Someone is near', '1 person is near.', { wanted: true });
        await later(300);
        return shown;""",
    )
    assert shown == ["neartalk-arrival"]
