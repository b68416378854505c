"""Metrics, logs, alerts and the dashboard of two processes after a conversation, read by Debian's
Prometheus with the configuration of deploy/."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bench.canary import ADDRESSES, Secrets, converse
from chat.history import History
from neartalk.codes import CODES
from neartalk.limits import RULES
from neartalk.limits.allowances import Allowances
from neartalk.limits.distinct import DistinctCounts
from neartalk.limits.marks import Marks
from neartalk.limits.sliding import SlidingCounts
from presence.registry import Registry
from tests.support import prometheus
from tests.support.client import api, elsewhere, person
from tests.support.scraper import OURS, Prometheus
from tests.support.servers import ROOT, Server, Valkey
from tests.support.waiting import WAIT_S, deadline, until
from voice.callers import Callers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STORES = {
    "allowances": Allowances,
    "callers": Callers,
    "counts": SlidingCounts,
    "distinct": DistinctCounts,
    "history": History,
    "marks": Marks,
    "registry": Registry,
}
# Methods that dashboards know by the names they had before.
FORMER_OPERATIONS = {"take", "pulse", "bury"}
# Every value that a label may have: none of them comes from people.
LABEL_VALUES = {
    "cause": {"unsent", "stuck", "arriving", "silent"},
    "closed_by": {"hint", "reading", "poll"},
    "code": {*CODES},
    "fate": {"sent", "received", "dropped"},
    "form": {"html", "json"},
    "kind": {"ws", "signal", "tile", "voice"},
    "level": {"debug", "info", "warning", "error", "critical"},
    "operation": FORMER_OPERATIONS
    | {name for store in STORES.values() for name in vars(store) if name[0] != "_"},
    "rule": {*RULES, ""},
    "store": {*STORES},
}
QUERY = re.compile(r"\b(?:neartalk|process)_\w+|\bup\b")


@dataclass
class ScrapedServers:
    servers: list[Server]
    secrets: Secrets
    # What each process told of itself then.
    told: list[str]


@pytest.fixture(scope="module")
def scraped() -> Iterator[ScrapedServers]:
    """Two processes of one population that has just had a conversation. Their database has no
    tables, so that there is something to log."""
    with ExitStack() as stack:
        redis = Valkey()
        stack.callback(redis.close)
        redis.start()
        env = {
            "REDIS_URL": redis.url,
            "TRUSTED_PROXIES": "1",
            "LOG_FORMAT": "json",
            "RATE_LIMITS_OFF": "place.travel,place.move,chat.send,chat.new,chat.refused",
        }
        servers = [Server("uvicorn", env) for _ in range(2)]
        for one in servers:
            stack.callback(one.close)
            one.start()
        secrets = asyncio.run(converse(servers))
        yield ScrapedServers(servers, secrets, [metrics_of(one) for one in servers])


def metrics_of(server: Server) -> str:
    with urlopen(f"{server.url}/metrics", timeout=WAIT_S) as answer:  # noqa: S310 our own
        text: str = answer.read().decode()
    return text


def total(told: list[str], name: str, **labels: str) -> float:
    """Over all processes."""
    return sum(
        sample.value
        for text in told
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def exposed(told: list[str]) -> set[str]:
    """Every name that may be asked for."""
    families = [one for text in told for one in text_string_to_metric_families(text)]
    ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    return {one.name + end for one in families for end in ends.get(one.type, [""])}


# ---- Nothing of people -----------------------------------------------------------------------


def test_neither_metrics_nor_logs_hold_anything_of_a_conversation(scraped: ScrapedServers) -> None:
    printed = [server.output() for server in scraped.servers]
    for text in (*scraped.told, *printed):
        secret = [*scraped.secrets.gone, *scraped.secrets.sealed, *ADDRESSES]
        assert [one for one in secret if one.lower() in text.lower()] == []
    assert all('"work": "read_rules"' in text for text in printed), "the logs are really read"


def test_labels_say_nothing_but_words_of_ours(scraped: ScrapedServers) -> None:
    labels = {
        (name, value)
        for text in scraped.told
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name, value in sample.labels.items()
        if name != "le"
    }
    assert {
        (name, value) for name, value in labels if value not in LABEL_VALUES.get(name, ())
    } == set()


def test_each_log_line_is_an_object_of_known_keys(scraped: ScrapedServers) -> None:
    known = {"timestamp", "level", "logger", "event", "where", "exception"}
    lines = [line for server in scraped.servers for line in server.output().splitlines()]
    for line in lines:
        assert known | {"part", "work", "code", "error", "status_code"} >= json.loads(line).keys()


# ---- All that happened -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "labels", "least"),
    [
        ("neartalk_sockets_opened_total", {"kind": "ws", "form": "json"}, 2),
        ("neartalk_sockets_opened_total", {"kind": "signal"}, 2),
        ("neartalk_messages_kept_total", {}, 3),
        # Two heard each of the three.
        ("neartalk_deliveries_total", {}, 6),
        ("neartalk_delivery_frames_total", {}, 1),
        ("neartalk_delivery_seconds_count", {}, 6),
        ("neartalk_refusals_total", {"code": "repeated", "rule": "chat.repeat"}, 1),
        ("neartalk_hints_total", {"kind": "tile", "fate": "sent"}, 3),
        ("neartalk_hints_total", {"kind": "tile", "fate": "received"}, 3),
        ("neartalk_hints_total", {"kind": "voice", "fate": "received"}, 1),
        ("neartalk_store_seconds_count", {"store": "history", "operation": "append"}, 4),
        ("neartalk_store_seconds_count", {"store": "registry", "operation": "pulse"}, 2),
        ("neartalk_voice_knocks_total", {}, 2),
        ("neartalk_loop_lag_seconds_count", {}, 2),
        ("neartalk_log_lines_total", {"level": "warning"}, 2),
        ("neartalk_processes", {}, 4),
        ("process_open_fds", {}, 2),
    ],
)
def test_what_happened_is_counted(
    scraped: ScrapedServers, name: str, labels: dict[str, str], least: int
) -> None:
    """What a process measures by its own clock, such as the lag of its loop, may come later."""
    until(
        lambda: total([metrics_of(one) for one in scraped.servers], name, **labels) >= least,
        f"{name}, {least} of them",
    )


async def test_who_left_is_counted_no_more(scraped: ScrapedServers) -> None:
    async with deadline("who left is counted no more"):
        while total([metrics_of(one) for one in scraped.servers], "neartalk_sockets"):
            async with api(scraped.servers[0]) as http:
                await http.get("/api/health/live")


async def test_whoever_comes_through_a_proxy_reads_nothing(scraped: ScrapedServers) -> None:
    async with api(scraped.servers[0]) as http:
        for header in ({"X-Forwarded-For": "203.0.113.7"}, {"Host": "example.org"}):
            answer = await http.get("/metrics", headers=header)
            assert (answer.status_code, answer.text) == (404, "")


# ---- Prometheus ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def promtool() -> Callable[..., str]:
    """Runs it, and fails with what it says. Without Prometheus its tests are skipped, but never in
    CI."""
    if prometheus.find() is None and os.environ.get("CI"):
        pytest.fail(prometheus.MISSING)
    if prometheus.find() is None:
        pytest.skip(prometheus.MISSING)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["promtool", *arguments], capture_output=True, text=True, check=False, timeout=WAIT_S
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout

    return run


async def test_prometheus_finds_every_process_and_sees_it_count(
    scraped: ScrapedServers, promtool: Callable[..., str]
) -> None:
    targets = {f"127.0.0.1:{server.port}" for server in scraped.servers}
    with ExitStack() as stack:
        watcher = Prometheus(sorted(targets))
        stack.callback(watcher.close)
        watcher.start()
        watcher.until("up", dict.fromkeys(targets, 1))
        kept = total([metrics_of(one) for one in scraped.servers], "neartalk_messages_kept_total")
        watcher.until("sum(neartalk_messages_kept_total)", {"": kept})
        async with person(scraped.servers[0], *elsewhere()) as alice:
            await alice.send_text("one more")
            watcher.until("sum(neartalk_messages_kept_total)", {"": kept + 1})
            watcher.until("sum(neartalk_sockets)", {"": 1})


def test_the_configuration_and_the_alerts_are_right(promtool: Callable[..., str]) -> None:
    checked = promtool("check", "config", str(OURS / "prometheus.yml"))
    assert "SUCCESS: 1 rule files found" in checked
    assert f"SUCCESS: {len(alerts())} rules found" in checked


def test_alerts_wake_when_they_should_and_not_before(
    promtool: Callable[..., str], tmp_path: Path
) -> None:
    tests = [
        alert_test("NobodyIsServed", {UP % 1: "0x20", UP % 2: "0x20"}),
        alert_test("NobodyIsServed", {UP % 1: "0x20", UP % 2: "1x20"}, wakes=False),
        alert_test("NobodyIsServed", {}),
        alert_test("ProcessDown", {UP % 1: "0x20", UP % 2: "1x20"}, instance="1"),
        alert_test("StoreAway", {'neartalk_store_unavailable_total{store="registry"}': "0+3x20"}),
        alert_test(
            "StoreAway", {'neartalk_store_unavailable_total{store="registry"}': "7x20"}, wakes=False
        ),
        alert_test("DeliveryLate", delays("neartalk_delivery_seconds_bucket", late=5)),
        alert_test("DeliveryLate", delays("neartalk_delivery_seconds_bucket", late=0), wakes=False),
        alert_test("LoopLate", delays("neartalk_loop_lag_seconds_bucket", late=5), instance="1"),
        alert_test("PeopleVanish", {"neartalk_sockets": "100x10 40x10"}),
        alert_test("PeopleVanish", {"neartalk_sockets": "100x10 60x10"}, wakes=False),
        alert_test("RecordsStuck", {"neartalk_records_waiting": "600x20"}),
        alert_test("RecordsStuck", {"neartalk_records_lost_total": "0+1x20"}),
        alert_test("ReportWaits", {"neartalk_reports_waiting_seconds": "0+60x20"}),
        alert_test("ReportWaits", {"neartalk_reports_waiting_seconds": "0+30x20"}, wakes=False),
        alert_test("FilesRunOut", {FILES % "open": "900x20", FILES % "max": "1000x20"}),
        alert_test("Unforeseen", {'neartalk_log_lines_total{level="error"}': "0+1x20"}),
        alert_test(
            "Unforeseen", {'neartalk_log_lines_total{level="warning"}': "0+9x20"}, wakes=False
        ),
    ]
    told = {one["alert_rule_test"][0]["alertname"] for one in tests}
    assert told == {rule["alert"] for rule in alerts()}, "each alert is tried"
    path = tmp_path / "tests.yml"
    rules = {"rule_files": [str(OURS / "alerts.yml")], "evaluation_interval": "1m", "tests": tests}
    path.write_text(yaml.safe_dump(rules))
    promtool("test", "rules", str(path))


UP = 'up{job="neartalk", instance="%s"}'
FILES = 'process_%s_fds{job="neartalk"}'


def delays(name: str, *, late: int) -> dict[str, str]:
    """A hundred a minute, so many of which take ten seconds."""
    steps = {"0.25": 100 - late, "1": 100 - late, "10": 100, "+Inf": 100}
    return {f'{name}{{instance="1", le="{le}"}}': f"0+{each}x20" for le, each in steps.items()}


def alert_test(
    name: str, series: dict[str, str], *, wakes: bool = True, **labels: str
) -> dict[str, Any]:
    """In promtool's words: whether so many minutes, by the minute, end with this alert."""
    rule = next(rule for rule in alerts() if rule["alert"] == name)
    files = {"job": "neartalk"} if name in {"FilesRunOut", "ProcessDown"} else {}
    instance = labels.get("instance", "")
    annotations = {
        key: words.replace("{{ $labels.instance }}", instance)
        for key, words in rule["annotations"].items()
    }
    fires = {"exp_labels": {**rule["labels"], **files, **labels}, "exp_annotations": annotations}
    return {
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "alert_rule_test": [
            {"eval_time": "17m", "alertname": name, "exp_alerts": [fires] if wakes else []}
        ],
    }


def alerts() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((OURS / "alerts.yml").read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_each_alert_says_what_to_do_and_whether_it_can_wait() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert {"summary", "runbook"} == rule["annotations"].keys()


def test_alerts_and_dashboard_ask_for_nothing_that_is_not_told(scraped: ScrapedServers) -> None:
    known = {"up", *exposed(scraped.told)}
    asked = [rule["expr"] for rule in alerts()] + [query for _, query in queries()]
    named = {name for query in asked for name in QUERY.findall(query)}
    assert named - known == set()
    shown = {name for _, query in queries() for name in QUERY.findall(query)}
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in known}
    unseen = {one for one in families if one.startswith("neartalk_")} - {
        re.sub("_(bucket|sum|count)$", "", name) for name in shown
    }
    assert unseen == set(), "each figure stands on the dashboard"


# ---- The dashboard ---------------------------------------------------------------------------


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "deploy/grafana/neartalk.json").read_text())
    return found


def queries() -> list[tuple[str, str]]:
    """Title of the panel and query."""
    panels = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
    return [(panel["title"], one["expr"]) for panel in panels for one in panel["targets"]]


def test_the_dashboard_can_be_imported_anywhere() -> None:
    """It names no data source of ours: whoever imports it picks one."""
    board = dashboard()
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= board.keys()
    assert "id" not in board
    [source] = board["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len({*ids})
    for panel in board["panels"]:
        if panel["type"] != "row":
            each = [panel, *panel["targets"]]
            assert {one["datasource"]["uid"] for one in each} == {f"${{{source['name']}}}"}
            assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24


def test_every_query_of_the_dashboard_can_be_asked(
    promtool: Callable[..., str], tmp_path: Path
) -> None:
    rules = [
        {"record": f"panel:{turn}", "expr": query.replace("$__rate_interval", "1m")}
        for turn, (_, query) in enumerate(queries())
    ]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(path))
