"""What compressing each frame by itself would save."""

from __future__ import annotations

import zlib

import pytest

from bench import deflate

ROWS = [f'<li id="m-{turn:012}"><bdi>Quiet Heron</bdi></li>'.encode() * 20 for turn in range(9)]


def test_a_frame_is_inflated_to_what_it_was() -> None:
    compress = deflate.compressor("zlib", 1)
    for row in ROWS:
        found = compress(row)
        assert zlib.decompressobj(deflate.RAW).decompress(found + deflate.TAIL) == row
        assert len(found) < len(row)


def test_a_state_for_each_socket_knows_the_frames_before() -> None:
    one, each = deflate.with_context(), deflate.compressor("zlib", 1)
    assert len(one(ROWS[0])) == len(each(ROWS[0]))
    assert len(one(ROWS[1])) < len(each(ROWS[1]))


@pytest.mark.parametrize(("size", "with_head"), [(125, 127), (126, 130), (65_536, 65_546)])
def test_the_head_of_a_frame_counts(size: int, with_head: int) -> None:
    assert deflate.wire(size) == with_head


def test_a_frame_that_would_grow_is_sent_as_it_is() -> None:
    found = deflate.saving("none", [b"ab"], lambda frame: frame * 5)
    assert (found.before, found.after, found.share) == (4, 4, 0)


def test_what_is_saved_is_a_share_of_all_bytes() -> None:
    frames = [b"x" * 98, b"y" * 48]
    found = deflate.saving("half", frames, lambda frame: frame[: len(frame) // 2 - 1])
    assert (found.before, found.after, found.share) == (150, 75, 0.5)


def test_the_rule_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        deflate, "LIBRARIES", (("zlib", "zlib", 1), ("another", "no_such_library", 1))
    )
    said = deflate.report(ROWS, 60)
    assert said[0].startswith("9 frames in 60 s")
    assert said[-1].startswith("More than half of what is left: 9")
    assert [line for line in said if line.strip().startswith("m-000000000000: 1 frames")]
    assert not [line for line in said if "another" in line]
    assert deflate.report([bytes(range(256))], 60)[-1].startswith("Not more than half")
