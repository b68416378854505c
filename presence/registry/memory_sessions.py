"""Sessions in memory, which live 30 minutes; the idlest stand first."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.conf import settings

from neartalk.clock import Clock
from neartalk.codes import Refused
from neartalk.push import PushSubscription
from presence.geo import Roughness
from presence.registry.contract import idle_ms
from presence.values import Person, Session, person_id_of


class MemorySessions:
    """`digests` are those of people by their ids; `ends_ms` says when each session ends; `pushes`
    by what people are reached who are away."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.by_digest: dict[str, Session] = {}
        self.digests: dict[str, str] = {}
        self.ends_ms: dict[str, int] = {}
        self.pushes: dict[str, PushSubscription] = {}

    async def open(
        self,
        digest: str,
        name: str,
        *,
        device: str = "",
        origin: str = "",
        roughness: Roughness = Roughness.BLOCK,
    ) -> Session:
        person = Person(person_id_of(digest), name, roughness=roughness)
        session = Session(
            digest,
            person,
            settings.RENAMES,
            opened_ms=self.clock(),
            device=device,
            origin=origin,
        )
        return self.keep(session)

    async def get(self, digest: str) -> Session | None:
        return self._live(digest)

    async def find(self, person_id: str) -> Session | None:
        digest = self.digests.get(person_id, "")
        return self.by_digest[digest] if self._lives(digest) else None

    async def push_of(self, person_id: str) -> PushSubscription | None:
        session = await self.find(person_id)
        return self.pushes.get(session.digest) if session else None

    async def touch(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self._live(digest)

    async def held(self, process: str) -> frozenset[str]:
        people = (one.person for one in self.by_digest.values())
        return frozenset(one.person_id for one in people if one.process == process)

    async def persons(self, person_ids: Iterable[str]) -> Mapping[str, Person]:
        found = [await self.find(person_id) for person_id in person_ids]
        return {one.person.person_id: one.person for one in found if one}

    async def note(self, digest: str, code: str) -> None:
        if digest in self.by_digest:
            self.by_digest[digest] = replace(self.by_digest[digest], note=code)

    def known(self, digest: str) -> Session:
        """The session, which lives 30 more minutes. Raises Refused: `session-unknown`."""
        session = self._live(digest)
        if session is None:
            raise Refused("session-unknown")
        return session

    def is_lost(self, session: Session) -> bool:
        """Whether the store does not know a session, or holds it as it was before."""
        known = self.by_digest.get(session.digest)
        older = known and known.person.version < session.person.version
        return known is None or bool(older and known.opened_ms == session.opened_ms)

    def keep(self, session: Session) -> Session:
        """Keeps the session for another while."""
        self.by_digest[session.digest] = session
        self.digests[session.person.person_id] = session.digest
        self.ends_ms.pop(session.digest, None)
        self.ends_ms[session.digest] = self.clock() + idle_ms()
        return session

    def update(self, session: Session) -> Session:
        """Replaces the session, which ends when it would have ended."""
        self.by_digest[session.digest] = session
        return session

    def forget(self, digest: str) -> Session | None:
        self.ends_ms.pop(digest, None)
        self.pushes.pop(digest, None)
        self.digests.pop(person_id_of(digest), None)
        return self.by_digest.pop(digest, None)

    def forget_idle(self) -> list[Session]:
        """Forgets all sessions that ended, and returns them."""
        now, ended = self.clock(), []
        while self.ends_ms:
            idlest = next(iter(self.ends_ms))
            if self.ends_ms[idlest] > now:
                break
            ended.append(self.by_digest[idlest])
            self.forget(idlest)
        return ended

    def _live(self, digest: str) -> Session | None:
        if not self._lives(digest):
            self.forget(digest)
            return None
        return self.keep(self.by_digest[digest])

    def _lives(self, digest: str) -> bool:
        return self.ends_ms.get(digest, 0) > self.clock()
