"""The parts of bench/abuse.py run: people talk beside an attack, and a table says what it did."""

import json

from bench.abuse import Deliveries, Row, attacked, outcome_of, pooled, table
from bench.attacks import ATTACKS, frame
from tests.support.servers import ROOT


async def test_a_conversation_goes_on_beside_an_attack() -> None:
    row = await attacked("pings", ROOT, people=4, quiet_s=2, seconds=3)
    assert row.says == ATTACKS["pings"][0]
    assert len(row.quiet.late_ms) == 4 * round(2 * 4 / 7)
    assert row.under.lost == 0
    assert len(row.under.late_ms) == 4 * round(3 * 4 / 7)
    assert "too-fast" in row.outcome


def test_the_table_has_a_line_for_each_attack_and_the_ratio_of_the_whole_quiet() -> None:
    rows = [
        Row("one", Deliveries([1.0] * 100), Deliveries([3.0] * 100), "closed: 1"),
        Row("other", Deliveries([2.0] * 100), Deliveries([2.0] * 100, lost=4), ""),
    ]
    assert pooled(rows).at(0.99) == 2.0
    written = table(rows)
    assert "| one | 1.0 | 1.0 | 3.0 | 3.0 | 1.5 | 0 | closed: 1 |" in written
    assert "| other | 2.0 | 2.0 | 2.0 | 2.0 | 1.0 | 4 |  |" in written


def test_a_frame_is_masked_and_says_its_length() -> None:
    assert frame(b"{}") == b"\x81\x82\x00\x00\x00\x00{}"
    assert frame(b"x" * 300)[:4] == b"\x81\xfe\x01\x2c"
    assert outcome_of(json.loads('{"sent": 1200, "cut": 0}')) == "sent: 1,200"
