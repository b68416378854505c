"""Servers of tests that run beside each other never meet at a port."""

import pytest

from tests.support.servers import PORTS, free_port, given_ports, own_ports


def test_each_worker_has_ports_of_its_own_and_gives_each_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "3")
    found: list[int] = []
    for worker in ("gw0", "gw1", "gw2"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        port = free_port()
        assert port in given_ports
        assert port not in own_ports()
        found += [port, *own_ports()]
    assert len(found) == len({*found})
    assert {*found} | given_ports == {*PORTS}
