"""VOICE.md, from what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measurements import Figure
from bench.report import details, disturbed, left_out, stacks_of, table
from bench.stacks import STACKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.measurements import Measurements
    from bench.report import Run

PARTS_USED = ("NearTalk", "Python", "Redis", "Chromium")
CASES = ("voice-mesh", "voice-desktop", "voice-phone", "voice-join", "voice-doors")
MESH, DESKTOP, PHONE, JOIN, DOORS = CASES
# A heading, the figures it stands for, and how they are told.
Column = tuple[str, tuple[str, ...], str]
CPU = ("cpu_page", "cpu_audio", "cpu_network", "cpu_browser")
PARTS = "{:.1%}: {:.1%} + {:.1%} + {:.1%} + {:.1%}"
MESH_COLUMNS: tuple[Column, ...] = (
    (
        "CPU of a core, all speaking: page + audio + network + rest",
        tuple(f"speaking_{name}" for name in ("cpu", *CPU)),
        PARTS,
    ),
    ("all muted", tuple(f"muted_{name}" for name in ("cpu", *CPU)), PARTS),
    ("main thread", ("speaking_main", "muted_main"), "{:.1%}, muted {:.1%}"),
    ("memory of their own", ("mb", "page_mb"), "{:.0f} MB, the page {:.0f} MB"),
    ("up", ("speaking_up_kbit", "muted_up_kbit"), "{:.0f} kbit/s, muted {:.0f}"),
    ("down", ("speaking_down_kbit", "muted_down_kbit"), "{:.0f} kbit/s, muted {:.0f}"),
    ("made up", ("speaking_concealed",), "{:.2%}"),
    ("the machine", ("speaking_machine", "muted_machine"), "{:.0%} busy, muted {:.0%}"),
)
PHONE_COLUMNS: tuple[Column, ...] = (
    ("CPU of a core", ("speaking_cpu", "muted_cpu"), "{:.1%}, muted {:.1%}"),
    ("main thread", ("speaking_main",), "{:.1%}"),
    ("main thread of a phone", ("slow_main",), "{:.1%}"),
    ("long tasks of a phone", ("slow_long_tasks", "slow_long"), "{:.1f}/s, {:.1%} of the time"),
    ("made up", ("speaking_concealed", "slow_concealed"), "{:.2%}, on a phone {:.2%}"),
    ("jitter buffer", ("speaking_buffer_ms", "slow_buffer_ms"), "{:.0f} ms, on a phone {:.0f}"),
    ("sound missed", ("speaking_underrun", "slow_underrun"), "{:.2%}, on a phone {:.2%}"),
    ("memory of their own", ("mb", "page_mb"), "{:.0f} MB, the page {:.0f} MB"),
    ("up", ("speaking_up_kbit", "muted_up_kbit"), "{:.0f} kbit/s, muted {:.0f}"),
    ("for each connection", ("speaking_each_kbit", "muted_each_kbit"), "{:.0f}, muted {:.1f}"),
    ("the machine", ("speaking_machine", "slow_machine"), "{:.0%} busy, slowed down {:.0%}"),
)
JOIN_COLUMNS: tuple[Column, ...] = (
    ("connected after", ("live_ms",), "{:.0f} ms"),
    ("who joins sends", ("sent", "sent_kb"), "{:.0f} frames, {:.1f} KB"),
    ("and is sent", ("got", "got_kb"), "{:.0f} frames, {:.1f} KB"),
    ("in and out, in all", ("all", "all_kb"), "{:.0f} frames, {:.1f} KB"),
    ("to people elsewhere", ("far",), "{:.0f} frames"),
    ("CPU of the servers", ("server_ms",), "{:.0f} ms"),
    ("of Redis", ("redis_ms",), "{:.0f} ms"),
    ("Redis commands", ("commands",), "{:.0f}"),
)

DOORS_COLUMNS: tuple[Column, ...] = (
    ("speaks with, in the end", ("live", "most"), "{:.1f}, {:.0f} at most"),
    ("with nobody", ("alone",), "{:.0f} people"),
    ("calls that ended meanwhile", ("ends",), "{:.0f}"),
    ("who joins sends", ("sent", "sent_kb"), "{:.0f} frames, {:.1f} KB"),
    ("and is sent until all are there", ("got", "got_kb"), "{:.0f} frames, {:.0f} KB"),
    ("CPU of the servers, a join", ("server_ms",), "{:.0f} ms"),
    ("of Redis", ("redis_ms",), "{:.1f} ms"),
    ("Redis commands", ("commands",), "{:.0f}"),
    (
        "a second in which nobody joins",
        ("rest_server_ms", "rest_redis_ms", "rest_commands"),
        "{:.0f} ms, Redis {:.0f} ms, {:.0f} commands",
    ),
)


def voice_results(run: Run, measurements: Measurements) -> str:
    """VOICE.md."""
    around = next((int(one.figures["around"]) for one in measurements if one.case == JOIN), 0)
    parts = [
        "# What voice costs",
        f"`make bench` wrote this page on {run.date}: what a person's Chromium bears in voice, and "
        "what it costs the server that somebody joins. Of more than one round a figure is the "
        "median.",
        table(["what", "which"], [["machine", run.machine], *versions(run)]),
        left_out(run.missing),
        disturbed(measurements),
        "**A trial: less of everything.**" if run.trial else "",
        "## A few who all speak with each other",
        "For each person, all of them in Chromium:",
        columns_table(measurements, MESH, "people", MESH_COLUMNS, lambda stack, size: f"{size}"),
        "For one of them in Chromium, the others cheap, so that this machine bears more:",
        columns_table(
            measurements, DESKTOP, "people", MESH_COLUMNS, lambda stack, size: f"{size + 1}"
        ),
        "## One person with a phone, and ever more connections",
        columns_table(
            measurements, PHONE, "connections", PHONE_COLUMNS, lambda stack, size: f"{size}"
        ),
        f"## Somebody joins {around} who speak with each other",
        columns_table(
            measurements,
            JOIN,
            "server",
            JOIN_COLUMNS,
            lambda stack, size: f"{STACKS[stack].title}, {size - around} callers elsewhere",
        ),
        "## Open doors in one place, one after the other within a minute",
        columns_table(
            measurements,
            DOORS,
            "server",
            DOORS_COLUMNS,
            lambda stack, size: f"{STACKS[stack].title}, {size} people",
        ),
        "## What was measured, and how",
        method(run.seconds),
        "## Every round",
        details(measurements),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def versions(run: Run) -> list[list[str]]:
    return [[part, run.versions[part]] for part in PARTS_USED if part in run.versions]


def columns_table(
    measurements: Measurements,
    case: str,
    first: str,
    columns: Sequence[Column],
    named: Callable[[str, int], str],
) -> str:
    """A row for each server and size of a case."""
    rows = [
        [named(stack, size), *cells(measurements, case, stack, size, columns)]
        for stack in stacks_of(measurements, case)
        for size in sizes_of(measurements, case)
    ]
    return table([first, *(head for head, _, _ in columns)], rows)


def sizes_of(measurements: Measurements, case: str) -> list[int]:
    return sorted({one.listeners for one in measurements if one.case == case})


def cells(
    measurements: Measurements, case: str, stack: str, size: int, columns: Sequence[Column]
) -> Iterable[str]:
    for _, names, words in columns:
        found = [measurements.middle(figure(case, stack, name, size)) for name in names]
        yield "-" if None in found else words.format(*found)


def figure(case: str, stack: str, name: str, size: int) -> Figure:
    return Figure(case, stack, name, listeners=size)


def method(seconds: float) -> str:
    return "\n".join(
        f"- {line}"
        for line in (
            "Everybody is on this machine, on loopback, and all of them chose to talk directly: a "
            "relay adds to the server's side, not to a person's. There is no sound card: what is "
            "heard is decoded, mixed and thrown away. There is no graphics card either, so what "
            "the page draws is drawn by the processor.",
            "Microphones hear a voice that never pauses, and everybody speaks at once: more than "
            "any talk asks for. Muted, all of them send what silence takes (DTX). Each figure is "
            f"taken over {seconds:g} s, with all who should be heard heard before.",
            "Each person has a Chromium of their own, so nothing is divided: page is the "
            "processes that run pages, audio the process of the microphone and its echo, network "
            "the one that sends and receives, the rest is the browser itself and its painting. "
            "Memory is what no other process shares (USS). All cores are the browsers'; how busy "
            "the machine was stands beside it, since on a full one everything is late.",
            "Bytes are those of every packet of a call, with 28 bytes of IPv4 and UDP headers "
            "each.",
            "Made up: the part of the samples heard that had to be invented, silence left out. "
            "Sound missed: the part of the time for which the page's mixing came too late.",
            "The phone is a page of 360 by 640 pixels. On a phone: its main thread is slowed "
            "down four times, in the way of browsers' own tools; that keeps it busy, so the CPU "
            "of its processes is told without. Threads of sound and network are not slowed down: "
            "what they take must be taken four times by hand. Main thread is its CPU time.",
            "Cheap others have a session and a socket each, and share one more Chromium that "
            "holds a connection for each: who speaks with them cannot tell.",
            "A join: all around are in one call; one more comes, knocks at all of them, is let in "
            "by each, and both sides send a description and four candidates as long as Chromium's. "
            "Everyone says once whether they are muted, as the page does. Connected means all "
            "descriptions are exchanged. Frames and bytes of text are counted at the clients, a "
            "frame passed on once as it comes in and once as it goes out, for 10 s; of CPU and "
            "commands, what 10 s take when nobody joins is not counted. "
            "Callers elsewhere are in rooms of ten, in districts of their own.",
            "Open doors: everybody stands in one place and joins with an open door, and describes "
            "themselves to each whom they are connected with. Figures are for each who joins; of "
            "CPU and commands, what goes on when nobody joins is not counted, as half of it before "
            "the first came and half after the last.",
        )
    )
