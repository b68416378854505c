"""The address of a client behind trusted proxies, in every form in which proxies write it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from neartalk.limits import ProxyDoubt, Route, client_address, client_of, route_of
from neartalk.limits.client_address import Client

PEER = "192.0.2.1"
V4, V6 = "203.0.113.9", "2001:db8::9"

# As the address stands in an entry, and what it is.
NODES = {
    V4: V4,
    f" {V4}\t": V4,
    f"{V4}:50412": V4,
    f"{V4}:_port": V4,
    f'"{V4}"': V4,
    f'"{V4}:50412"': V4,
    V6: V6,
    V6.upper(): V6,
    f"[{V6}]": V6,
    f"[{V6}]:50412": V6,
    f'"[{V6}]"': V6,
    f'"[{V6}]:_p-1.x"': V6,
    "2001:db8:0:0:0:0:0:9:50412": V6,
    f"{V6}%eth0": V6,
    f"[{V6}%25eth0]:443": V6,
    "fe80::9%en0": "fe80::9",
    f"::ffff:{V4}": V4,
    f"[::ffff:{V4}]:50412": V4,
    "::FFFF:cb00:7109": V4,
}
# A disguise, or nothing that is an address: the peer counts.
UNREADABLE = [
    *(
        "unknown",
        "Unknown",
        "_hidden",
        "_SEVKISEK",
        '"_gazonk"',
        "no address",
        "localhost",
        "1",
        "-",
    ),
    *(f"{V4}:", f"{V4}:port", f"{V4}:123456", f"{V4}:１", f"{V4}:80:80", f"[{V6}", f"{V6}]", "[]"),
    *(
        f"[{V6}]x",
        f"[{V6}]:",
        f"{V6}::1",
        "256.1.1.1",
        "1.2.3",
        "010.0.0.1",
        "0x7f.0.0.1",
        '"',
        '""',
    ),
    *(
        f"http://{V4}",
        f"{V4} {V6}",
        f"{V4};{V6}",
        "１.2.3.4",
        "1.2.3.4\x00",
        "[unknown]:80",
        "%",
        ":80",
    ),
]


def address_of(forwarded: str, proxies: int = 1, header: str = "x-forwarded-for") -> str:
    return str(client_address(PEER, forwarded, proxies, header))


# ---- X-Forwarded-For -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", PEER),
        (0, V4, PEER),
        (1, V4, V4),
        (1, f"198.51.100.1, {V4}", V4),
        (1, f"198.51.100.1,{V4}, ", V4),
        (1, f"198.51.100.1,,{V4},, ,", V4),
        (2, f"198.51.100.1, {V4}, 10.0.0.1", V4),
        (2, f"198.51.100.1, {V4}:443, [2001:db8::1]:80", V4),
        (2, V4, V4),
        (1, "", PEER),
        (1, " , ,", PEER),
        (2, "unknown, 10.0.0.1", "10.0.0.1"),
        (3, "_a, _b, 10.0.0.1", "10.0.0.1"),
        (3, "198.51.100.1, _a, _b, _c", PEER),
    ],
)
def test_the_address_is_what_the_outermost_trusted_proxy_saw(
    proxies: int, forwarded: str, address: str
) -> None:
    """Where that can't be read, what the next one saw."""
    assert address_of(forwarded, proxies) == address


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-real-ip"])
@pytest.mark.parametrize("node", NODES)
def test_an_address_is_read_in_every_form(header: str, node: str) -> None:
    assert address_of(node, 1, header) == NODES[node]
    assert address_of(f"198.51.100.1, {node}", 1, header) == NODES[node]


@pytest.mark.parametrize("node", UNREADABLE)
def test_what_is_no_address_counts_as_the_nearest_hop_that_is_one(node: str) -> None:
    assert address_of(node) == PEER
    assert address_of(f"{V4}, {node}") == PEER
    assert address_of(f"{node}, {V4}", 2) == V4


def test_without_any_hop_that_can_be_read_there_is_no_address() -> None:
    assert client_address("", "unknown", 1) is None
    assert client_address("", "", 0) is None


@pytest.mark.parametrize("proxies", [1, 2])
@pytest.mark.parametrize("own", ["127.0.0.1", "::1"])
def test_this_machine_is_whoever_comes_from_it_and_names_nobody_else(
    own: str, proxies: int
) -> None:
    assert client_of(Route(own, {}), proxies) == Client(ip_address(own), is_this_machine=True)
    proxied = {"x-forwarded-for": ", ".join([V4] * proxies)}
    assert client_of(Route(own, proxied), proxies) == Client(ip_address(V4), is_this_machine=False)
    forged = {"x-forwarded-for": ", ".join([own] * (proxies + 1))}
    assert not client_of(Route(PEER, forged), proxies).is_this_machine
    past_the_proxy = Client(ip_address(PEER), is_this_machine=False, doubt=ProxyDoubt.MISSING)
    assert client_of(Route(PEER, {}), proxies) == past_the_proxy


def test_what_a_client_writes_itself_changes_nothing() -> None:
    forged = [f"203.0.113.{last}, 198.51.100.1" for last in range(100)]
    assert {address_of(each) for each in forged} == {"198.51.100.1"}


def test_x_real_ip_names_one_hop_however_many_proxies_there_are() -> None:
    assert address_of(V4, 3, "x-real-ip") == V4
    assert address_of(f"198.51.100.1, {V4}", 3, "x-real-ip") == V4


# ---- Forwarded -----------------------------------------------------------------------------------


@pytest.mark.parametrize("node", NODES)
def test_forwarded_names_the_address_behind_for(node: str) -> None:
    quoted = node if node.startswith('"') else f'"{node}"'
    for element in (
        f"for={quoted}",
        f"For={quoted};proto=https;by=203.0.113.43",
        f"by=_proxy;host=example.org;FOR = {quoted} ; proto=https",
        f'host="a,for=6.6.6.6;b\\"c\\\\";for={quoted};',
        f"for=unknown, proto=http;for={quoted}",
        f" ;;for={quoted};;proto=https; ;",
    ):
        assert address_of(element, 1, "forwarded") == NODES[node]


@pytest.mark.parametrize(
    "element",
    [
        *("proto=https", "for=", "for", "for=unknown", 'for="_gazonk"', V4, f"for={V4} proto=x"),
        *(f"for={V4};for={V4}", f'for="{V4}', f'for={V4}"', f'host="for={V4}"', f"xfor={V4}"),
        *(f"for={V4};x", f"for={V4};;x", "=", ";", f"for={V4} 6.6.6.6"),
    ],
)
def test_an_element_without_one_address_counts_as_the_nearest_hop(element: str) -> None:
    assert address_of(f"for=6.6.6.6, {element}", 1, "forwarded") == PEER


@pytest.mark.parametrize(
    "made_up",
    [
        'for="',
        'for="\\',
        'host="a, for=6.6.6.6',
        "for=6.6.6.6,",
        'for=6.6.6.6;host="',
        '"' * 4999,
        "," * 5000,
        "\\" * 5000,
        'for="6.6.6.6' + "x" * 100_000,
    ],
)
def test_nothing_that_a_stranger_writes_first_reaches_into_what_the_proxy_wrote(
    made_up: str,
) -> None:
    """Not even an open quote, or a comma in the name of the host that it asked for."""
    asked_for = 'host="a,for=6.6.6.6"'
    for own in (f"for={V4};{asked_for}", f"{asked_for};for={V4}", f'for="[{V6}]:1";{asked_for}'):
        found = address_of(f"{made_up}, {own}", 1, "forwarded")
        assert found == (V6 if V6 in own else V4)


# ---- Hostile headers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "piece", [",", '"', "1,", "1.2.3.4, ", "\\", '\\",', "[", ":", "for=a;", " "]
)
@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_of_a_header_however_long_only_the_end_is_read(
    piece: str, header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in characters that are looked at, not in seconds."""
    own = f"for={V4}" if header == "forwarded" else V4
    looked_at = 0

    class Counted(str):
        __slots__ = ()

        def __getitem__(self, key: object) -> str:
            nonlocal looked_at
            found = str.__getitem__(self, key)  # type: ignore[index]
            looked_at += len(found)
            return found

    value = Counted(piece * 1_000_000 + ", " + own)
    assert address_of(value, 1, header) == V4
    assert looked_at < 5_000


def test_what_is_cut_off_is_not_taken_for_a_whole_entry() -> None:
    forged = "1" * 5_000 + "9.9.9.9" + " " * 4_000
    assert address_of(f"{forged}, {V4}", 2) == V4


# ---- What a scope says ---------------------------------------------------------------------------


def test_all_lines_of_a_header_count_in_their_order_and_only_one_header_is_believed() -> None:
    lines = [(b"x-forwarded-for", b"a"), (b"host", b"x"), (b"X-Forwarded-For", b"b, 198.51.100.1")]
    scope = {"client": [PEER, 1], "headers": [*lines, (b"forwarded", b"for=203.0.113.9")]}
    route = route_of(scope)
    assert route == Route(
        PEER, {"x-forwarded-for": "a,b, 198.51.100.1", "forwarded": "for=203.0.113.9"}
    )
    assert route_of({"client": None, "headers": []}) == Route("", {})
    believed = {"x-forwarded-for": "198.51.100.1", "forwarded": V4, "x-real-ip": PEER}
    for header, address in believed.items():
        assert client_of(route, 1, header).address == ip_address(address)
