"""Commands that travel together: few writes, an answer for each, and no more lost than must be."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    ConnectionPool,
    SSLConnection,
)

from neartalk.redis import pipeline
from neartalk.redis.client import connect
from neartalk.redis.connection import LostAlike, pool_options
from neartalk.redis.pipeline import FEW, Pipeline
from tests.support.processes import LoopClock, turns
from tests.support.redis_proxy import RedisProxy, proxied
from tests.support.servers import Valkey, free_port
from tests.support.waiting import deadline


@asynccontextmanager
async def pipe(url: str) -> AsyncIterator[Pipeline]:
    client = connect(url)
    try:
        async with deadline("all that is asked of this pipeline"):
            yield client.pipelined
    finally:
        await client.aclose()


@asynccontextmanager
async def watched(server: Valkey) -> AsyncIterator[tuple[Pipeline, RedisProxy]]:
    """A pipeline that is open, and what it writes from now on."""
    async with proxied(server) as relay, pipe(relay.url) as together:
        await together.send("FLUSHALL")
        relay.lots.clear()
        yield together, relay


async def ready(together: Pipeline) -> None:
    """Everything that was sent before is answered or lost."""
    await together.send("PING")


def outcomes(*answers: asyncio.Future[object]) -> asyncio.Future[list[object]]:
    return asyncio.gather(*answers, return_exceptions=True)


def kinds(said: list[object]) -> list[type]:
    return [type(one) for one in said]


# ---- Together ----------------------------------------------------------------------------------


async def test_everyone_gets_the_answer_to_their_own_command(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, _):

        async def talk(who: int) -> list[str]:
            return [await together.send("ECHO", f"{who} {number}") for number in range(20)]

        said = await asyncio.gather(*map(talk, range(50)))
        assert said == [[f"{who} {number}" for number in range(20)] for who in range(50)]


async def test_what_is_sent_at_once_leaves_in_one_write(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, relay):
        answers = await asyncio.gather(*(together.send("INCR", "count") for _ in range(50)))
        assert answers == [*range(1, 51)]
        assert len(relay.lots) == 1


async def test_fifty_who_send_one_after_the_other_share_each_write(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, relay):

        async def talk() -> None:
            for _ in range(10):
                await together.send("INCR", "count")

        await asyncio.gather(*(talk() for _ in range(50)))
        assert len(relay.lots) == 10


async def test_the_first_leaves_at_once_and_the_others_when_it_is_answered(
    redis_server: Valkey,
) -> None:
    async with watched(redis_server) as (together, relay):
        LoopClock()  # which stands: no timer can let anything leave
        relay.keep()
        answers = [together.send("INCR", "count")]
        await relay.until(1)
        assert len(relay.lots) == 1
        for _ in range(20):
            answers.append(together.send("INCR", "count"))
            await turns(2)
        assert len(relay.lots) == 1
        relay.pass_on()
        assert await asyncio.gather(*answers) == [*range(1, 22)]
        assert len(relay.lots) == 2


async def test_where_many_ask_a_lot_waits_a_moment_after_the_one_before(
    redis_server: Valkey,
) -> None:
    async with watched(redis_server) as (together, relay):
        time, together.flush_interval_s = LoopClock(), 0.002
        await time.pass_s(1)
        await asyncio.gather(*(together.send("INCR", "count") for _ in range(FEW + 1)))
        answers = []
        for _ in range(20):
            answers.append(together.send("INCR", "count"))
            await turns(2)
        assert len(relay.lots) == 1
        await time.pass_s(0.003)
        assert await asyncio.gather(*answers) == [*range(FEW + 2, FEW + 22)]
        assert len(relay.lots) == 2


async def test_where_few_ask_nobody_waits_for_others(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, _):
        LoopClock()  # which stands: whoever waited for a moment to pass would wait for ever
        together.flush_interval_s = 0.002
        for number in range(1, 11):
            assert await together.send("INCR", "count") == number


async def test_commands_cost_no_task_while_the_connection_is_open(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, _):
        tasks: list[object] = []

        def counted(loop: asyncio.AbstractEventLoop, work: Any, **_: object) -> Any:
            tasks.append(work)
            return asyncio.Task(work, loop=loop)

        asyncio.get_running_loop().set_task_factory(counted)
        for _ in range(10):
            await together.send("INCR", "count")
        assert not tasks


async def test_texts_and_long_answers_arrive_whole(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, _):
        texts = ["", "naïve 😀\r\n$3\r\n", "x" * 300_000, "0"]
        assert await asyncio.gather(*(together.send("ECHO", text) for text in texts)) == texts
        await together.send("RPUSH", "list", *texts)
        assert await together.send("LRANGE", "list", 0, -1) == texts


# ---- Errors and losses -------------------------------------------------------------------------


async def test_a_refusal_is_only_that_of_its_own_command(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, relay):
        commands = [("SET", "text", "x"), ("INCR", "text"), ("NO", "SUCH"), ("GET", "text")]
        said = await outcomes(*(together.send(*command) for command in commands))
        assert [said[0], said[3]] == ["OK", "x"]
        assert kinds(said[1:3]) == [exceptions.ResponseError] * 2
        assert len(relay.lots) == 1


async def test_a_lost_connection_loses_what_was_in_flight_and_nothing_else(
    redis_server: Valkey,
) -> None:
    async with watched(redis_server) as (together, relay):
        relay.keep()
        in_flight = [together.send("INCR", "sent") for _ in range(3)]
        await relay.until(1)
        waiting = [together.send("INCR", "waited") for _ in range(3)]
        relay.cut()
        relay.pass_on()
        lost = await outcomes(*in_flight)
        assert kinds(lost) == [exceptions.ConnectionError] * 3
        assert await asyncio.gather(*waiting) == [1, 2, 3]
        assert await together.send("GET", "sent") == "3"  # carried out, and once


async def test_a_late_answer_loses_what_was_in_flight_and_nothing_else(
    redis_server: Valkey,
) -> None:
    async with watched(redis_server) as (together, relay):
        time = LoopClock()
        relay.keep()
        in_flight = together.send("INCR", "sent")
        await relay.until(1)
        await time.pass_s(1.9)
        waiting = together.send("INCR", "waited")
        assert not in_flight.done()
        await time.pass_s(0.2)
        assert isinstance(in_flight.exception(), TimeoutError)
        assert not waiting.done()
        relay.pass_on()
        assert await waiting == 1
        assert await together.send("GET", "sent") == "1"


async def test_an_answer_in_time_is_not_late_however_long_the_others_took(
    redis_server: Valkey,
) -> None:
    async with watched(redis_server) as (together, relay):
        time = LoopClock()
        for number in range(1, 5):
            relay.keep()
            in_flight = together.send("INCR", "sent")
            await relay.until(number)
            await time.pass_s(1.5)
            relay.pass_on()
            assert await in_flight == number
        await time.pass_s(3)
        await ready(together)


async def test_who_gives_up_before_it_left_sends_nothing(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, relay):
        relay.keep()
        first = together.send("INCR", "count")
        await relay.until(1)
        given_up, other = together.send("INCR", "given up"), together.send("INCR", "count")
        given_up.cancel()
        relay.pass_on()
        assert [await first, await other] == [1, 2]
        assert await together.send("EXISTS", "given up") == 0


async def test_who_gives_up_on_the_way_disturbs_nobody(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, relay):
        relay.keep()
        answers = [together.send("ECHO", f"{number}") for number in range(5)]
        await relay.until(1)
        answers[1].cancel()
        answers[4].cancel()
        after = together.send("ECHO", "after")
        relay.pass_on()
        assert await asyncio.gather(*(answers[number] for number in (0, 2, 3))) == ["0", "2", "3"]
        assert await after == "after"


async def test_no_more_wait_than_may(redis_server: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "WAITING_MAX", 3)
    async with watched(redis_server) as (together, relay):
        relay.keep()
        first = together.send("INCR", "count")
        await relay.until(1)
        waiting = [together.send("INCR", "count") for _ in range(5)]
        refused = await outcomes(*waiting[3:])
        assert kinds(refused) == [exceptions.ConnectionError] * 2
        relay.pass_on()
        assert await asyncio.gather(first, *waiting[:3]) == [1, 2, 3, 4]
        assert await together.send("GET", "count") == "4"


async def test_where_nobody_listens_everyone_is_told(redis_server: Valkey) -> None:
    async with pipe(f"redis://127.0.0.1:{free_port()}/0") as together:
        for _ in range(2):
            said = await outcomes(*(together.send("PING") for _ in range(5)))
            assert kinds(said) == [exceptions.ConnectionError] * 5


async def test_a_connection_that_ends_while_it_is_opened_loses_its_commands_alone(
    redis_server: Valkey,
) -> None:
    async with pipe(redis_server.url) as together:
        make = together.make

        async def connect() -> None:
            raise RuntimeError("unable to perform operation; the handler is closed")

        def make_ended() -> AbstractConnection:
            together.make, connection = make, make()
            connection.connect = connect  # type: ignore[method-assign]
            return connection

        together.make = make_ended
        with pytest.raises(exceptions.ConnectionError):
            await together.send("ECHO", "lost")
        assert await together.send("ECHO", "kept") == "kept"


@pytest.mark.parametrize("error", [RuntimeError, AttributeError])
@pytest.mark.parametrize(
    "step",
    ["_connect", "on_connect_check_health", "send_packed_command", "read_response", "disconnect"],
)
async def test_a_connection_that_ends_at_any_step_is_lost_whoever_uses_it(
    redis_server: Valkey, monkeypatch: pytest.MonkeyPatch, step: str, error: type[Exception]
) -> None:
    """That of the store, and those of the channel layer and its subscriptions."""
    client = connect(redis_server.url)
    layer = ConnectionPool(**pool_options(redis_server.url))

    async def ended(*_: object, **__: object) -> None:
        raise error("unable to perform operation; the handler is closed")

    with monkeypatch.context() as patch:
        patch.setattr(Connection if step == "_connect" else AbstractConnection, step, ended)
        if step == "disconnect":
            with pytest.raises(exceptions.ConnectionError):
                await layer.make_connection().disconnect()
        else:
            with pytest.raises(exceptions.ConnectionError):
                await client.ask([("PING",)])
            with pytest.raises(exceptions.ConnectionError):
                await client.send("PING")
            with pytest.raises(exceptions.ConnectionError):
                await Redis(connection_pool=layer).publish("channel", "")
    assert await client.ask([("ECHO", "kept")]) == ["kept"]
    assert await client.send("ECHO", "kept") == "kept"
    await layer.disconnect()
    await client.aclose()


async def test_whoever_waits_is_answered_whatever_goes_wrong_with_a_connection(
    redis_server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that nobody can read, of a connection that can't be closed without an error."""

    class Unreadable:
        def feed(self, data: bytes) -> None:
            raise ValueError("not an answer")

    async with pipe(redis_server.url) as together:
        await ready(together)
        wire = together.wire
        assert wire
        transport = wire.transport

        class Closed:
            write = transport.write

            def abort(self) -> None:
                transport.abort()
                raise RuntimeError("the handler is closed")

        monkeypatch.setattr(wire, "reader", Unreadable())
        monkeypatch.setattr(wire, "transport", Closed())
        lost = together.send("ECHO", "lost")
        await turns(1)
        kept = together.send("ECHO", "kept")
        assert kinds(await outcomes(lost, kept)) == [ValueError, str]


async def test_a_connection_that_ended_as_soon_as_it_was_open_is_lost_at_once(
    redis_server: Valkey,
) -> None:
    async with pipe(redis_server.url) as together:
        make = together.make

        def make_ending() -> LostAlike:
            together.make, connection = make, make()
            open_it = connection.connect

            async def connect() -> None:
                await open_it()
                assert connection._writer
                connection._writer.transport.abort()
                await turns(2)

            connection.connect = connect  # type: ignore[method-assign]
            return connection

        together.make = make_ending
        LoopClock()  # which stands: nobody waits until it is late
        with pytest.raises(exceptions.ConnectionError):
            await together.send("ECHO", "lost")
        assert await together.send("ECHO", "kept") == "kept"


async def test_what_is_written_as_the_connection_ends_is_lost_like_what_was_in_flight(
    redis_server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pipe(redis_server.url) as together:
        await ready(together)
        assert together.wire
        transport = together.wire.transport

        class Ended:
            abort = transport.abort

            def write(self, data: bytes) -> None:
                raise RuntimeError("unable to perform operation; the handler is closed")

        monkeypatch.setattr(together.wire, "transport", Ended())
        with pytest.raises(exceptions.ConnectionError):
            await together.send("ECHO", "lost")
        assert await together.send("ECHO", "kept") == "kept"


async def test_nobody_waits_for_ever_who_asks_a_pipeline_that_was_closed_before_it_sent(
    redis_server: Valkey,
) -> None:
    async with pipe(redis_server.url) as together:
        await ready(together)
        unsent = together.send("ECHO", "unsent")
        await together.aclose()
        with pytest.raises(exceptions.ConnectionError):
            await unsent
        assert await together.send("ECHO", "asked after") == "asked after"


@pytest.mark.parametrize(
    ("url", "path"),
    [("redis://:p%40w@[::1]:7/3", None), ("unix://u:p@/run/redis.sock?db=2", "/run/redis.sock")],
)
def test_pools_connect_where_their_address_says(url: str, path: str | None) -> None:
    pool = ConnectionPool(**pool_options(url))
    wanted = ConnectionPool.from_url(url)
    assert pool.connection_kwargs == wanted.connection_kwargs
    assert issubclass(pool.connection_class, wanted.connection_class)
    assert issubclass(pool_options("rediss://host")["connection_class"], SSLConnection)
    assert pool.connection_kwargs.get("path") == path


async def test_a_restart_while_nothing_is_sent_loses_nothing(
    own_redis: Callable[[], Valkey],
) -> None:
    server = own_redis()
    async with pipe(server.url) as together:
        for _ in range(2):
            assert await together.send("PING") == "PONG"
            server.restart()
            await turns()


async def test_closing_ends_what_is_in_flight_and_what_waits(redis_server: Valkey) -> None:
    async with watched(redis_server) as (together, relay):
        relay.keep()
        in_flight = together.send("PING")
        await relay.until(1)
        waiting = together.send("PING")
        await together.aclose()
        said = await outcomes(in_flight, waiting)
        assert kinds(said) == [exceptions.ConnectionError] * 2
        relay.pass_on()


# ---- Signing in --------------------------------------------------------------------------------


async def test_it_signs_in_and_takes_the_database_of_its_url(
    own_redis: Callable[[], Valkey],
) -> None:
    server = own_redis()
    place = f"127.0.0.1:{server.port}"
    async with pipe(server.url) as together:
        await together.send("CONFIG", "SET", "requirepass", "secret")
    for who in ("", "default"):
        async with pipe(f"redis://{who}:secret@{place}/3") as together:
            await together.send("SET", f"by {who}", "x")
            assert "db=3" in await together.send("CLIENT", "INFO")
    for wrong in (f"redis://:wrong@{place}/0", f"redis://:secret@{place}/999"):
        async with pipe(wrong) as together:
            for _ in range(2):
                with pytest.raises(exceptions.ConnectionError, match="no connection: "):
                    await together.send("PING")
