"""One room by microphones that hear files: what is measured has passed Chromium's own echo
canceller, noise suppression and gain.

Ana speaks; Bob's microphone hears her 20 dB quieter, with a room's echo and noise, and another
voice at the same time; Cem talks elsewhere. The voices are those of espeak-ng where it is
installed, and else those of rooms.js.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import wave
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.calls import WIDE, connect, tile
from tests.browser.conftest import ARGUMENTS, TIMEOUT_MS
from tests.browser.module_scripts import run
from tests.browser.test_one_room import ROOMS
from tests.browser.test_voice_talking import COUNT_SOUND
from tests.browser.visitor import BrowserVisitor
from tests.support.client import elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.support.client import Spot
    from tests.support.servers import Server

pytestmark = [pytest.mark.browser, pytest.mark.alone]

RATE, SECONDS = 24_000, 12
SAID = (
    "The night train to the coast leaves from platform nine, a little later than it says. "
    "Take the second carriage, sit by the window, and look for the lights of the harbour.",
    "Nobody told me that the market closes so early on a Tuesday. We could walk along the river "
    "instead, and have soup at the corner where the old cinema used to be.",
)
# Both files: Ana's voice, and what Bob's microphone hears; as bytes of WAV without their head.
MIXED = """const { chanceOf, inRoom, mix, voice } = window.rooms;
const { voices, seconds, rate } = argument;
const decoded = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const found = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes.buffer);
  return found.getChannelData(0);
};
const made = () => [11, 12].map((seed) => voice(seed, seconds));
const said = voices.length ? await Promise.all(voices.map(decoded)) : made();
const chance = chanceOf(5);
const [ana, other] = said.map((sound) => mix(seconds, [[sound, 0, 0]], -90, chance));
const air = mix(seconds, [[inRoom(ana, chance), -20, 0], [other, -30, 0]], -65, chance);
return [ana, air].map((sound) => {
  const samples = Int16Array.from(sound, (sample) => 32_000 * Math.max(-1, Math.min(1, sample)));
  let text = '';
  for (const byte of new Uint8Array(samples.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
});"""
# A microphone opens when the files of both are about at the same place, and what is left between
# them is made up for by a delay: `late` are the seconds by which this one is behind Ana's.
MICROPHONE = """
const PERIOD_MS = 12_000;
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const { anaMs, late = 0 } = window.heard ?? {};
  const left = () => PERIOD_MS - ((Date.now() - anaMs) % PERIOD_MS);
  for (let turn = 0; anaMs && left() > 700; turn += 1) {
    if (turn > 20_000) throw new Error('the files never came to their beginning');
    await new Promise((done) => setTimeout(done, 5));
  }
  const stream = await open(wanted);
  window.openedMs = Date.now();
  if (!anaMs) return stream;
  const context = new AudioContext();
  await context.resume();
  const delayTime = (left() % PERIOD_MS) / 1000 + late;
  const delay = new DelayNode(context, { delayTime, maxDelayTime: 40 });
  const end = context.createMediaStreamDestination();
  context.createMediaStreamSource(stream).connect(delay).connect(end);
  window.ear = { context, delay };
  return end.stream;
};
"""
# The same voice, seconds later than it is sent; what waits for the end of a room waits a tenth.
ELSEWHERE = """const { SameRoom } = await load('voice/audio/same-room');
window.ear.delay.delayTime.value += 3;
const { changes } = SameRoom.prototype;
const from = performance.now();
SameRoom.prototype.changes = function (ms) {
  return changes.call(this, from + 10 * (ms - from));
};"""


def spoken(folder: Path) -> list[str]:
    """Two voices, in base64; none where nothing speaks."""
    if not (program := shutil.which("espeak-ng")):
        return []
    found = []
    for turn, (name, words) in enumerate(zip(("en+m3", "en+f2"), SAID, strict=True)):
        path = folder / f"voice-{turn}.wav"
        subprocess.run([program, "-v", name, "-w", str(path), words], check=True, timeout=60)
        found.append(base64.b64encode(path.read_bytes()).decode())
    return found


@pytest.fixture(scope="module")
def files(page: Page, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("microphones")
    page.evaluate(ROOMS)
    asked = {"voices": spoken(folder), "seconds": SECONDS, "rate": RATE}
    paths = [folder / "ana.wav", folder / "bob.wav"]
    for path, text in zip(paths, run(page, MIXED, asked), strict=True):
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(base64.b64decode(text))
    return paths


@pytest.fixture
def ears(browser: Browser, chromium: str, files: list[Path]) -> Iterator[list[Browser]]:
    """A Chromium for each file, which its microphones hear over and over."""
    with ExitStack() as stack:
        found = []
        for path in files:
            heard = [*ARGUMENTS, f"--use-file-for-fake-audio-capture={path}"]
            one = browser.browser_type.launch(executable_path=chromium, args=heard)
            stack.callback(one.close)
            found.append(one)
        yield found


def come(
    browser: Browser, server: Server, spot: Spot, heard: dict[str, Any] | None, *, muted: bool
) -> BrowserVisitor:
    allowed = ["geolocation", "microphone"]
    context = browser.new_context(permissions=allowed, **WIDE)
    context.set_default_timeout(TIMEOUT_MS)
    one = BrowserVisitor(context, server.url)
    one.stand(*spot)
    for script in (f"window.heard = {heard or 'null'};", MICROPHONE, COUNT_SOUND):
        context.add_init_script(script)
    one.arrive().join_voice(muted=muted)
    return one


def test_whose_voice_the_microphone_hears_is_silent_and_heard_again_elsewhere_and_no_other_is(
    relayed: Server, ears: list[Browser]
) -> None:
    spot = elsewhere()
    ana = come(ears[0], relayed, spot, None, muted=False)
    opened_ms = ana.page.evaluate("window.openedMs")
    cem = come(ears[0], relayed, spot, {"anaMs": opened_ms, "late": 5}, muted=False)
    bob = come(ears[1], relayed, spot, {"anaMs": opened_ms}, muted=True)
    for other in (ana, cem):
        connect(bob, other)
    expect(tile(bob, ana)).to_have_attribute("data-in-room", "")
    expect(tile(bob, cem)).not_to_have_attribute("data-in-room", "")
    assert bob.page.evaluate("window.gains.some(({ gain }) => gain.value > 0.5)")
    run(bob.page, ELSEWHERE)
    expect(tile(bob, ana)).not_to_have_attribute("data-in-room", "")
    expect(tile(bob, cem)).not_to_have_attribute("data-in-room", "")
    assert [problem for one in (ana, bob, cem) for problem in one.problems()] == []
