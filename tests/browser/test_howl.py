"""A howl is found while it grows; no voice, music or whistle is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.module_scripts import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# Spectra of 1024 bins as an analyser has them, ten a second: peaks {bin: dB} above a floor.
SPECTRA = """
const { HowlDetector } = await load('voice/audio/howl');
const spectrum = (peaks, floor = -90) => {
  const bins = new Float32Array(1024).fill(floor);
  for (const [bin, db] of Object.entries(peaks)) {
    for (let off = -3; off <= 3; off += 1) {
      const at = Number(bin) + off;
      bins[at] = Math.max(bins[at], db - 8 * Math.abs(off));
    }
  }
  return bins;
};
// The turn at which it is found, or -1.
const foundAt = (frames) => {
  const detector = new HowlDetector();
  return frames.findIndex((frame) => detector.add(frame));
};
const turns = (count, make) =>
  Array.from({ length: count }, (_, turn) => spectrum(...[make(turn)].flat()));
"""


def found_at(page: Page, frames: str, argument: Any = None) -> int:
    found = run(page, f"{SPECTRA}return foundAt({frames});", argument)
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize("bin_", [12, 60, 130, 300])
@pytest.mark.parametrize(
    "level",
    [
        pytest.param("-55 + 2 * turn", id="slowly"),
        pytest.param("-58 + 10 * turn", id="quickly"),
        pytest.param("-50 + 4 * Math.floor(turn / 3)", id="once each way around"),
        pytest.param("Math.min(-15, -45 + 8 * turn)", id="until it cannot grow"),
        pytest.param("-50 + 3 * turn - (turn % 2)", id="wavering"),
    ],
)
def test_a_narrow_tone_that_grows_is_a_howl_within_a_second(
    page: Page, bin_: int, level: str
) -> None:
    frames = f"turns(12, (turn) => ({{ [argument + (turn % 2)]: {level} }}))"
    assert 3 <= found_at(page, frames, bin_) < 10


def test_a_howl_is_found_while_somebody_speaks(page: Page) -> None:
    frames = """turns(20, (turn) => ({
      90: -60 + 3 * turn, 8: -40 - (turn % 5), 16: -38 - (turn % 3), 24: -41, 32: -45,
    }))"""
    assert 0 < found_at(page, frames) < 20


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param("turns(100, () => ({ 80: -30 }))", id="a tone that stays"),
        pytest.param("turns(100, (turn) => ({ 80: -20 - turn / 4 }))", id="a tone that ends"),
        pytest.param("turns(100, (turn) => (turn % 6 < 4 ? { 80: -30 } : {}))", id="beeps"),
        pytest.param("turns(100, (turn) => ({ [40 + 4 * turn]: -50 + turn / 3 }))", id="a siren"),
        pytest.param("turns(100, (turn) => ({ 80: -100 + turn / 3 }))", id="too soft to hear"),
        pytest.param("turns(100, (turn) => [{}, -80 + turn / 2])", id="noise that grows"),
        pytest.param("turns(40, (turn) => ({ 2: -60 + turn }))", id="a hum"),
        pytest.param("turns(100, () => ({}))", id="silence"),
        pytest.param("[new Float32Array(1024).fill(-Infinity)]", id="no sound at all"),
        pytest.param(
            """turns(100, (turn) => {
              const pitch = 7 + Math.floor(turn / 9) % 4;
              const loud = -45 + 4 * (turn % 6);
              const overtones = [1, 2, 3, 4, 5, 6];
              return Object.fromEntries(overtones.map((n) => [n * pitch, loud - 2 * n]));
            })""",
            id="a voice that gets louder",
        ),
    ],
)
def test_what_does_not_grow_or_is_not_narrow_is_no_howl(page: Page, frames: str) -> None:
    assert found_at(page, frames) == -1


# ---- What follows --------------------------------------------------------------------------------

PAUSE = """
document.body.insertAdjacentHTML('beforeend', `<div id="voice"><div id="voice-notices"></div></div>
  <template id="notice"><div class="notice"><span class="notice-words"><b></b> <span></span></span>
  <div class="choices" hidden></div></div></template>`);
window.pause = await load('voice/audio/howl-pause');
"""
SHOWN = "document.querySelectorAll('#voice-notices .notice').length"


def test_everybody_is_silent_for_3_s_and_for_longer_if_it_howls_again_soon(still: Page) -> None:
    run(still, PAUSE)
    for seconds in (3, 6, 12, 24, 48, 48):
        still.evaluate("window.pause.begin()")
        still.clock.run_for(seconds * 1000 - 100)
        assert still.evaluate(SHOWN) == 1
        still.clock.run_for(200)
        assert still.evaluate(SHOWN) == 0
        still.clock.run_for(30_000)
    still.clock.run_for(31_000)
    still.evaluate("window.pause.begin()")
    still.clock.run_for(3100)
    assert still.evaluate(SHOWN) == 0


def test_whoever_wants_sound_at_once_after_a_howl_presses_for_it(still: Page) -> None:
    run(still, PAUSE)
    still.evaluate("window.pause.begin()")
    still.clock.run_for(600)  # what has just come takes no tap for a moment
    still.get_by_role("button", name="Turn sound on").click()
    assert still.evaluate(SHOWN) == 0
