"""What proxies write of whom they ask for: X-Forwarded-For, X-Real-IP, Forwarded (RFC 7239). Pure.

Clients may write these headers too, and proxies add to what they got. So a header is read from the
right: what stands before, unbalanced quotes included, changes nothing of what the proxies wrote.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice

Address = IPv4Address | IPv6Address

X_FORWARDED_FOR, X_REAL_IP, FORWARDED = "x-forwarded-for", "x-real-ip", "forwarded"
PROXY_HEADERS = (X_FORWARDED_FOR, X_REAL_IP, FORWARDED)
# Several proxies fit into so many characters; what stands before them is a stranger's.
TAIL_MAX = 4096

PAIR = re.compile(r'\s*([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s";,]*)\s*(?:;[\s;]*|\Z)', re.ASCII)
# A port as it is, or disguised (RFC 7239, 6.3).
PORT = re.compile(r"\d{1,5}|_[\w.-]+", re.ASCII)


def read_hops(header: str, value: str, count: int) -> list[Address | None]:
    """The last `count` hops that a header names, the nearest first; None for what is no address."""
    is_cut = len(value) > TAIL_MAX
    # What was cut off is not taken for the whole of an entry.
    tail = f"?{value[-TAIL_MAX:]}" if is_cut else value
    elements = split_from_end(tail) if header == FORWARDED else reversed(tail.split(","))
    read = read_element if header == FORWARDED else read_node
    return [read(part) for part in islice((one for one in elements if one.strip()), count)]


def split_from_end(value: str) -> Iterator[str]:
    """The parts between commas, the last first. A comma between quotes separates nothing."""
    end, is_quoted = len(value), False
    for at in range(len(value) - 1, -1, -1):
        if value[at] == '"' and not is_escaped(value, at):
            is_quoted = not is_quoted
        elif value[at] == "," and not is_quoted:
            yield value[at + 1 : end]
            end = at
    yield value[:end]


def is_escaped(value: str, at: int) -> bool:
    """Whether an odd number of backslashes stands before."""
    first = at
    while first and value[first - 1] == "\\":
        first -= 1
    return (at - first) % 2 == 1


def read_element(element: str) -> Address | None:
    """The node behind the one `for=` of an element of Forwarded."""
    nodes, at = [], 0
    # Empty pairs are allowed.
    element = element.strip("; \t")
    while at < len(element):
        pair = PAIR.match(element, at)
        if pair is None:
            return None
        if pair[1].lower() == "for":
            nodes.append(pair[2])
        at = pair.end()
    return read_node(nodes[0]) if len(nodes) == 1 else None


def read_node(text: str) -> Address | None:
    """An address as it stands in any of the headers, less quotes, brackets, port and zone; None for
    a disguise (`_hidden`), `unknown` and nonsense."""
    node = unquoted(text.strip())
    if node.startswith("["):
        host, bracket, port = node[1:].partition("]")
        return read_address(host) if bracket and is_port(port) else None
    if (found := read_address(node)) is not None:
        return found
    host, colon, port = node.rpartition(":")
    return read_address(host) if colon and is_port(f":{port}") else None


def is_port(text: str) -> bool:
    """`:` and a port, or nothing at all."""
    return not text or (text[0] == ":" and PORT.fullmatch(text, 1) is not None)


def unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1]).strip()
    return text


def read_address(text: str) -> Address | None:
    """An IPv4 address in an IPv6 one is the IPv4 address. A zone means nothing elsewhere."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
