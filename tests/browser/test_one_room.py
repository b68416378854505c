"""Who is in one room, by loudness alone: over mixtures of voices, echoes, noises and networks, each
of a seed, that are made in the test.

The voices are made of syllables of noise and of a pitch in formants (rooms.js): no voice that a
package or a system would have to bring.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.module_scripts import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ROOMS = Path(__file__).with_name("rooms.js").read_text()
# For the worklet's arithmetic in a page: a stand-in for what worklets alone have.
WORKLET = """() => {
  window.AudioWorkletProcessor ??= class {};
  window.registerProcessor ??= () => {};
}"""
MODULES = """
const { SameRoom } = await load('voice/audio/same-room');
const worklet = await load('voice/audio/levels-worklet');
const { OCTAVES, VALUE_MS, lead, minute, mixPowers, mixture, poolOf, powersOf } = window.rooms;
const pool = (window.pool ??= poolOf(7));
const sounds = pool.flatMap(({ sound, heard }) => [sound, heard]);
const powers = (window.powers ??= new Map(sounds.map((one) => [one, powersOf(one, worklet)])));
const tools = { SameRoom, worklet, pool, powers };
const seeds = Array.from({ length: 100 }, (_, seed) => seed);
"""


@pytest.fixture(scope="module")
def rooms(page: Page) -> Iterator[Page]:
    page.evaluate(ROOMS)
    page.evaluate(WORKLET)
    yield page
    page.evaluate("delete window.pool; delete window.powers")


def test_whoever_is_in_the_room_is_silent_within_4_s_and_heard_again_elsewhere(rooms: Page) -> None:
    each = run(
        rooms,
        f"{MODULES}return seeds.map((seed) => mixture(seed, tools));",
    )
    assert len(each) == 100
    for ana, cem in each:
        assert [same for _, same in ana] == [True, False]
        assert 12 + 18 <= ana[1][0] < 12 + 20 + 6
        assert cem == []
    came = sorted(ana[0][0] for ana, _ in each)
    assert came[96] < 4
    assert came[99] < 6


def test_in_a_hundred_minutes_of_other_talk_nobody_is_taken_to_be_in_the_room(rooms: Page) -> None:
    assert (
        run(
            rooms,
            f"{MODULES}return seeds.map((seed) => minute(seed, tools));",
        )
        == [[]] * 100
    )


# ---- What is no room -----------------------------------------------------------------------------

ALONE = """
const values = Math.round(30_000 / VALUE_MS);
const [ana, bo, me] = pool.map(({ sound }) => powers.get(sound));
const quiet = mixPowers(values, [], -75);
const beep = (period, length, values) => {
  const powers = mixPowers(values, [], -75);
  for (let value = 0; value < values; value += 1) {
    const at = value * OCTAVES;
    if ((value * VALUE_MS) % period < length) powers.fill(0.002, at, at + 2);
  }
  return powers;
};
const inRoomAt = (own, stream) => {
  const found = [];
  lead(new SameRoom(OCTAVES), own, [stream], 0, (ms, changes) => found.push(...changes));
  return found;
};
"""


@pytest.mark.parametrize(
    ("own", "stream"),
    [
        pytest.param("quiet", "ana", id="headphones"),
        pytest.param("ana", "quiet", id="nobody speaks"),
        pytest.param("quiet", "quiet", id="silence"),
        pytest.param("new Float32Array(values * OCTAVES)", "ana", id="no microphone"),
        pytest.param(
            "mixPowers(values, [[ana, -25, 6]], -70)", "ana", id="the echo of one's loudspeaker"
        ),
        pytest.param("mixPowers(values, [[ana, -25, 1]], -70)", "ana", id="a quick loudspeaker"),
        pytest.param("ana", "mixPowers(values, [[ana, -25, 12]], -75)", id="one's echo at theirs"),
        pytest.param("bo", "ana", id="both speak"),
        pytest.param(
            "beep(523, 30, values)",
            "mixPowers(values, [[beep(523, 30, values), 0, 21]], -75)",
            id="beeps that no number of values parts",
        ),
        pytest.param(
            "beep(500, 40, values)",
            "mixPowers(values, [[beep(500, 40, values), 0, 9]], -75)",
            id="beeps",
        ),
        pytest.param(
            "beep(1000, 200, values)",
            "mixPowers(values, [[beep(1000, 200, values), 0, 9]], -75)",
            id="a phone that rings here and there",
        ),
        pytest.param("mixPowers(values, [], -40)", "mixPowers(values, [], -30)", id="steady noise"),
    ],
)
def test_nobody_is_taken_to_be_in_the_room_by(rooms: Page, own: str, stream: str) -> None:
    mixed = f"inRoomAt({own}, mixPowers(values, [[{stream}, 0, 0]], -90))"
    assert run(rooms, f"{MODULES}{ALONE}return {mixed};") == []


# ---- What lasts ----------------------------------------------------------------------------------

STEPS = """
const room = new SameRoom(OCTAVES);
const [ana, , me] = pool.map(({ sound }) => powers.get(sound));
const air = powers.get(pool[0].heard);
let nowMs = 0;
const found = [];
const step = (seconds, own, stream) => {
  const values = 12 * Math.round((seconds * 1000) / VALUE_MS / 12);
  const [one, other] = [mixPowers(values, own, -70), mixPowers(values, stream, -80)];
  const before = found.length;
  nowMs = lead(room, one, [other], nowMs, (ms, changes) => {
    for (const [, same] of changes) found.push([Math.round(ms / 1000), same]);
  });
  return found.length - before;
};
const together = [[[air, -20, 0]], [[ana, 0, 9]]];
"""


def test_while_somebody_in_the_room_is_silent_they_are_still_in_it(rooms: Page) -> None:
    found = run(
        rooms,
        f"""{MODULES}{STEPS}
        step(8, ...together);
        step(600, [], []);
        step(600, [[me, 0, 0]], []);
        step(8, ...together);
        return found.map(([, same]) => same);""",
    )
    assert found == [True]


def test_one_s_own_talk_and_another_gain_change_nothing_for_whoever_is_in_the_room(
    rooms: Page,
) -> None:
    found = run(
        rooms,
        f"""{MODULES}{STEPS}
        for (let turn = 0; turn < 6; turn += 1) {{
          step(8, ...together);
          step(8, [[air, -8, 0]], [[ana, 6, 9]]);
          step(8, [[air, -20, 0], [me, 0, 40 * turn]], [[ana, 0, 9]]);
        }}
        return found.map(([, same]) => same);""",
    )
    assert found == [True]


@pytest.mark.parametrize("own", ["[]", "[[me, 0, 0]]"])
def test_whoever_went_elsewhere_is_heard_again_20_s_after_they_were_last_in_the_room(
    rooms: Page, own: str
) -> None:
    (_, came), (left, gone) = run(
        rooms,
        f"""{MODULES}{STEPS}
        step(8, ...together);
        step(300, [], []);
        const elsewhere = nowMs / 1000;
        step(40, {own}, [[ana, 0, 9]]);
        return found.map(([second, same]) => [second - elsewhere, same]);""",
    )
    assert (came, gone) == (True, False)
    assert 20 <= left < 26


def test_whoever_speaks_in_short_words_elsewhere_is_heard_again_too(rooms: Page) -> None:
    found = run(
        rooms,
        f"""{MODULES}{STEPS}
        step(8, ...together);
        for (let turn = 0; turn < 12; turn += 1) {{
          step(0.7, [], [[ana, 0, 30 * turn]]);
          step(5, [], []);
        }}
        return found.map(([, same]) => same);""",
    )
    assert found == [True, False]


# ---- What it costs -------------------------------------------------------------------------------


def test_eight_people_who_all_talk_cost_a_phone_little_work_and_memory_with_an_end(
    rooms: Page,
) -> None:
    sizes, a_second = run(
        rooms,
        f"""{MODULES}
        const {{ LagSums }} = await load('voice/audio/lag-sums');
        let work = 0;
        for (const name of ['add', 'addSums']) {{
          const before = LagSums.prototype[name];
          LagSums.prototype[name] = function (...all) {{
            work += this.products.length * (name === 'add' ? OCTAVES + 2 : 3);
            return before.apply(this, all);
          }};
        }}
        const sizeOf = (value, seen = new Set()) => {{
          if (typeof value !== 'object' || value === null || seen.has(value)) return 1;
          seen.add(value);
          if (ArrayBuffer.isView(value)) return value.length;
          const inside = value instanceof Map ? [...value.entries()].flat() : Object.values(value);
          return inside.reduce((sum, one) => sum + sizeOf(one, seen), 1);
        }};
        const [own, ...streams] = pool.slice(0, 9).map(({{ sound }}) => powers.get(sound));
        const room = new SameRoom(OCTAVES);
        const sizes = [];
        for (let turn = 0; turn < 5; turn += 1) {{
          lead(room, own, streams, turn * 24_000, () => {{}});
          sizes.push(sizeOf(room));
        }}
        return [sizes, work / (5 * 24)];""",
    )
    assert len({*sizes}) == 1
    assert sizes[0] < 150_000
    assert a_second < 400_000


# ---- The worklet ---------------------------------------------------------------------------------


def test_the_worklet_measures_all_inputs_at_the_same_moments(rooms: Page) -> None:
    """Offline, which takes no time: a sweep, the same 20 dB quieter, and an input without any."""
    worklet, pure, others, silent = run(
        rooms,
        f"""{MODULES}
        const context = new OfflineAudioContext(1, 48_000, 48_000);
        await context.audioWorklet.addModule('/static/js/voice/audio/levels-worklet.js');
        const options = {{ numberOfInputs: 3, channelCount: 1, channelCountMode: 'explicit' }};
        const node = new AudioWorkletNode(context, 'octave-levels', options);
        const found = [];
        node.port.onmessage = ({{ data }}) => found.push(...data);
        node.connect(context.destination);
        const buffer = context.createBuffer(1, 48_000, 48_000);
        const samples = buffer.getChannelData(0);
        samples.forEach((_, turn) => (samples[turn] = 0.5 * Math.sin(turn ** 2 / 12_000)));
        const source = new AudioBufferSourceNode(context, {{ buffer }});
        const gain = new GainNode(context, {{ gain: 0.1 }});
        source.connect(node, 0, 0);
        source.connect(gain).connect(node, 0, 1);
        source.start();
        await context.startRendering();
        const batch = 12 * 3 * OCTAVES;
        const end = performance.now() + 30_000;
        while (found.length < 3 * batch && performance.now() < end) {{
          await new Promise((done) => setTimeout(done, 10));
        }}
        if (found.length < 3 * batch) throw new Error('no values within 30 s');
        const {{ addPowers, measures }} = worklet;
        const {{ quanta, above }} = measures(48_000, 128);
        const values = found.length / 3 / OCTAVES;
        const pure = new Float32Array(values * OCTAVES);
        for (let at = 0; at < values * quanta; at += 1) {{
          const value = Math.floor(at / quanta);
          addPowers(samples.slice(at * 128, (at + 1) * 128), above, pure, value * OCTAVES);
        }}
        const input = (turn) => found.filter((_, at) => Math.floor(at / OCTAVES) % 3 === turn);
        return [input(0), [...pure.map((sum) => sum / quanta / 128)], input(1), input(2)];""",
    )
    assert len(worklet) == 3 * 12 * 4
    assert worklet == pytest.approx(pure, rel=1e-3, abs=1e-9)
    assert [100 * power for power in others] == pytest.approx(worklet, rel=1e-3, abs=1e-8)
    assert {*silent} == {0}
    # The sweep passes the octaves one after the other, the lowest first.
    loudest = [max(range(36), key=lambda value: worklet[4 * value + octave]) for octave in range(4)]
    assert loudest == sorted(loudest, reverse=True)


@pytest.mark.parametrize(
    ("rate", "quanta", "above"), [(48_000, 8, 2), (44_100, 7, 2), (16_000, 3, 0), (96_000, 15, 3)]
)
def test_values_come_about_fifty_times_a_second_at_every_rate(
    rooms: Page, rate: int, quanta: int, above: int
) -> None:
    found = run(rooms, f"{MODULES}return worklet.measures(argument, 128);", rate)
    assert found == {"quanta": quanta, "above": above}
