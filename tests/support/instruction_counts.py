"""Counts the bytecode instructions that Python executes: a measure of cost that does not vary with
the machine's load."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class InstructionCount:
    count = 0


@contextmanager
def counting_instructions() -> Iterator[InstructionCount]:
    """Counts every instruction in this thread, wherever it stands."""
    steps = InstructionCount()

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        frame.f_trace_opcodes = True
        steps.count += event == "opcode"
        return trace

    before = sys.gettrace()
    gc.disable()  # what others left for it to call would be counted
    sys.settrace(trace)
    try:
        yield steps
    finally:
        sys.settrace(before)
        gc.enable()


def count_instructions(act: Callable[[], object]) -> int:
    with counting_instructions() as steps:
        act()
    return steps.count
