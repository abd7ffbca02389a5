"""The Redis client, and the one way scripts are run on it."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import hiredis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import FullJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bff.platform.coalesce import Coalescer

REDIS_OUTAGES: Final = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OutOfMemoryError)
"""What the client raises when Redis is away, loading, demoted or full."""

_REPLICATED_WITHIN_MS: Final = 500

Key = str | bytes
Argument = str | bytes | int
_ScriptCall = tuple[str, Sequence[Key], Sequence[Argument]]


class _Tuned(AbstractConnection):
    """A connection that packs commands in C, takes many at once, and says it is broken in the client's words.

    The client's own pipeline spends a time-out and five coroutines on each reply, which is more than a
    script of ours costs the server; ``exchange`` spends one time-out on all of them.
    """

    async def exchange(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Send ``commands`` together and read a reply for each; a refusal by the server is a reply.

        Broken off half-way (time-out, lost connection, cancellation) the connection is closed: replies
        still under way must not be taken for those of the next exchange.
        """
        try:
            if not self.is_connected:
                await self.connect()  # type: ignore[no-untyped-call]  # untyped in every release
            async with asyncio.timeout(self.socket_timeout):
                await self._send_packed_command([b"".join(map(hiredis.pack_command, commands))])  # type: ignore[arg-type]  # the stub wants a list, the C code any sequence
                # Past the client's own reading, which takes as long again; it raises what is returned here.
                parser: Any = self._parser
                return [await parser.read_response() for _ in commands]
        except TimeoutError:
            await self.disconnect(nowait=True)
            raise RedisTimeoutError("no answer in time") from None
        except (OSError, RuntimeError) as broken:
            # RuntimeError: uvloop, where asyncio raises ConnectionResetError.
            await self.disconnect(nowait=True)
            raise RedisConnectionError("the connection was lost") from broken
        except BaseException:
            await self.disconnect(nowait=True)
            raise

    def pack_command(self, *args: Argument) -> list[bytes]:  # type: ignore[override]  # we send no floats
        """``args`` on the wire; the client names some commands in two words.

        redis-py's own packing is a third of what a command costs.
        """
        name = args[0]
        words = name.split() if isinstance(name, str) else [name]
        return [hiredis.pack_command((*words, *args[1:]))]

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002
        """Send, or raise what the client's retries know."""
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as closed:
            # uvloop, where asyncio raises ConnectionResetError: the server went while we were writing.
            await self.disconnect(nowait=True)
            raise RedisConnectionError("the connection was closed") from closed


def open_redis(url: str, *, timeout: float = 2.0, connections: int = 64) -> "Redis":
    """A client for ``url`` that gives up on a call after ``timeout`` seconds.

    It tries twice more on a broken connection, so a restarted server costs a pause and not an error.
    That is safe because every script of ours is idempotent; plain commands sent through this client
    must be as well. A server that hangs is not asked again: the next answer would be as late.
    """
    # Blocking: of hundreds that come at once some wait for a connection; the other pool refuses them.
    pool = BlockingConnectionPool.from_url(
        url,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        max_connections=connections,
        health_check_interval=0,
        retry=Retry(
            FullJitterBackoff(cap=0.25, base=0.02), retries=2, supported_errors=(RedisConnectionError,)
        ),
        protocol=3,
    )
    # Whatever the URL asked for: TCP, TLS, a socket.
    pool.connection_class = type("Tuned", (_Tuned, pool.connection_class), {})
    return Redis.from_pool(pool)


class ScriptRunner:
    """Runs scripts, those of one loop iteration together in one pipeline.

    A script that the server does not know (it was restarted, or a replica took over) is sent whole.
    With ``replicas``, a batch is answered once that many replicas have it too, so that a fail-over
    forgets nothing that was answered; where they do not, the callers get a connection error and may
    run their scripts again.
    """

    def __init__(self, redis: "Redis", *, lanes: int = 1, replicas: int = 0) -> None:
        self._redis = redis
        self._replicas = replicas
        self._digests: dict[str, str] = {}
        self._calls: Coalescer[_ScriptCall, Any] = Coalescer(self._perform, lanes=lanes)

    def __call__(
        self,
        script: str,
        keys: Sequence[Key],
        args: Sequence[Argument] = (),
        read: Callable[[Any], Any] | None = None,
    ) -> Awaitable[Any]:
        """Run the Lua ``script``; all ``keys`` must share one hash slot. Raises what Redis raised.

        It is on its way when this returns; what is awaited is the answer, as ``read`` reads it.
        """
        return self._calls.submit((script, keys, args), read)

    async def _perform(self, calls: Sequence[_ScriptCall]) -> Sequence[Any]:
        answers = await self._send([("EVALSHA", self._digest(call[0]), call) for call in calls])
        forgotten = [at for at, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if forgotten:
            again = await self._send([("EVAL", calls[at][0], calls[at]) for at in forgotten])
            for at, answer in zip(forgotten, again, strict=True):
                answers[at] = answer
        return answers

    async def _send(self, commands: Sequence[tuple[str, str, _ScriptCall]]) -> list[Any]:
        packed = [(verb, what, len(keys), *keys, *args) for verb, what, (_, keys, args) in commands]
        if not self._replicas:
            return await self._exchange(packed)
        # WAIT counts the replicas that have all this connection has written.
        *answers, reached = await self._exchange([*packed, ("WAIT", self._replicas, _REPLICATED_WITHIN_MS)])
        if not isinstance(reached, int) or reached < self._replicas:
            raise RedisConnectionError("too few replicas have it")
        return answers

    async def _exchange(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        pool = self._redis.connection_pool
        connection: _Tuned = await pool.get_connection()  # type: ignore[no-untyped-call]  # untyped in every release
        try:
            answers: list[Any] = await connection.retry.call_with_retry(
                lambda: connection.exchange(commands), lambda _: connection.disconnect()
            )
            return answers
        finally:
            await pool.release(connection)

    def _digest(self, script: str) -> str:
        digest = self._digests.get(script)
        if digest is None:
            # Redis names scripts by SHA-1; nothing is secured by it.
            digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
            self._digests[script] = digest
        return digest
