"""Session descriptions and candidates as another person may see them: audio, and no address that
they must not know.

Nothing is passed on as it came: every line is taken apart by its grammar and written anew, and one
without a grammar here is left out. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from neartalk.codes import Refused
from voice.addresses import Network
from voice.candidates import NOWHERE, rewritten
from voice.sdp_lines import (
    bandwidths,
    grouped,
    known_attribute,
    origin_of,
    sections_of,
)

CANDIDATES_MAX = 32
NEEDED = {"fingerprint", "ice-pwd", "ice-ufrag", "setup"}


@dataclass(frozen=True)
class SdpFilter:
    """What two people may see of each other. With `relay_only` the only addresses are those of
    relays; else public ones of every kind. Those in `networks`, the operator's own, count as
    public. With `local`, which `relay_only` overrules, devices may be seen by their addresses in a
    network at home, and by the names that browsers give out in their place.
    """

    relay_only: bool
    networks: Sequence[Network] = ()
    local: bool = False

    def candidate(self, raw: str) -> str | None:
        """The candidate anew, without the address behind it; None where its own address must not be
        seen. Raises Refused: `bad-candidate`."""
        return rewritten(raw, self.networks, relay_only=self.relay_only, local=self.local)

    def description(self, raw: str) -> str:
        """The description anew: one audio section, without candidates that must not be seen.

        Lines of an unknown kind, of a known kind in an unknown form, and those that show an
        address, are left out. Raises Refused: `bad-sdp` where what is left is no call.
        """
        session, media, section = sections_of(raw)
        before = [*self._attributes(session)]
        after = [*bandwidths(section), *self._attributes(section)]
        names = {line[2:].partition(":")[0] for line in [*before, *after]}
        if not names >= NEEDED:
            raise Refused("bad-sdp")
        mids = {line.removeprefix("a=mid:") for line in after if line.startswith("a=mid:")}
        head = ["v=0", origin_of(session), "s=-", "t=0 0", *grouped(before, mids)]
        lines = [*head, media, f"c=IN IP4 {NOWHERE}", *after]
        return "".join(f"{line}\r\n" for line in lines)

    def _attributes(self, lines: Iterable[str]) -> Iterator[str]:
        """Unknown attributes are left out: they may hold anything."""
        candidates = 0
        for line in lines:
            name, _, value = line.removeprefix("a=").partition(":")
            if not line.startswith("a="):
                continue
            if name == "candidate":
                candidates += 1
                if candidates <= CANDIDATES_MAX and (seen := self._seen(f"{name}:{value}")):
                    yield f"a={seen}"
            elif known := known_attribute(name, value):
                yield known

    def _seen(self, raw: str) -> str | None:
        """The candidate anew; None where it must not be seen, or has an unknown form."""
        try:
            return self.candidate(raw)
        except Refused:
            return None
