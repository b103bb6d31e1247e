"""The wire between main and its child processes: a Unix socket, each message a u32 length and JSON in UTF-8.

Calls go `{"id", "call", "args"}` and come back `{"id", "result"}` or `{"id", "error": {kind, code, message}}`; what a
child reports by itself is `{"event", "fields"}`. The child listens, main connects; one main per child.
"""

from __future__ import annotations

import asyncio
import json
import logging
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from media.errors import Kind, MediaError

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
MAX_BUFFERED_BYTES = 32 * 1024 * 1024
LENGTH = struct.Struct("!I")

logger = logging.getLogger(__name__)

Message = dict[str, Any]
CallHandler = Callable[[str, Message], Awaitable[Any]]


def encode(message: Message) -> bytes:
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """The next message, None at the end of the stream. Raises ValueError for what is no message."""
    try:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        if length > MAX_MESSAGE_BYTES:
            raise ValueError("message too long")
        message = json.loads(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    if not isinstance(message, dict):
        raise ValueError("a message is an object")
    return message


class WireServer:
    """A child's end: serves one client at a time; `run()` returns when that client has gone."""

    def __init__(self, handler: CallHandler) -> None:
        self._handler = handler
        self._writer: asyncio.StreamWriter | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._gone = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def listen(self, path: str) -> None:
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def wait_gone(self) -> None:
        """Until the client has closed its end (or could not follow)."""
        await self._gone.wait()

    def send_event(self, message: Message) -> None:
        """Queue an event. A client that is 32 MB behind is given up: `wait_gone` returns."""
        if self._writer is None or self._writer.is_closing() or self._gone.is_set():
            return
        self._writer.write(encode(message))
        if self._writer.transport.get_write_buffer_size() > MAX_BUFFERED_BYTES:
            logger.error("main does not read its events: giving up")
            self._gone.set()

    async def drain(self) -> None:
        if self._writer is not None and not self._writer.is_closing():
            try:
                await self._writer.drain()
            except ConnectionError:
                self._gone.set()

    async def aclose(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._calls):
            task.cancel()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            writer.close()
            return
        self._writer = writer
        try:
            while (message := await read_message(reader)) is not None:
                task = asyncio.create_task(self._answer(message))
                self._calls.add(task)
                task.add_done_callback(self._calls.discard)
        except ValueError:
            logger.error("main sent what is no message: closing")
        finally:
            self._gone.set()

    async def _answer(self, message: Message) -> None:
        answer: Message = {"id": message.get("id")}
        try:
            answer["result"] = await self._handler(str(message["call"]), dict(message.get("args", {})))
        except MediaError as error:
            answer["error"] = error.to_wire()
        except Exception as error:
            logger.exception("call %s failed", message.get("call"))
            answer["error"] = MediaError(Kind.INTERNAL, "internal", type(error).__name__).to_wire()
        if self._writer is not None and not self._gone.is_set():
            self._writer.write(encode(answer))
            await self.drain()


class WireClient:
    """Main's end. `on_event` is called with each `{"event", "fields"}`; `on_gone` once when the child has gone."""

    def __init__(self, on_event: Callable[[Message], None], on_gone: Callable[[], None]) -> None:
        self._on_event = on_event
        self._on_gone = on_gone
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._next_id = 0

    async def connect(self, path: str) -> None:
        """Raises OSError where nobody listens."""
        reader, self._writer = await asyncio.open_unix_connection(path)
        self._reading = asyncio.create_task(self._read(reader))

    async def call(self, name: str, args: Message, timeout_s: float) -> Any:
        """Raises the child's MediaError, or `relay_unavailable`-like `child_unavailable` when it is gone or slow."""
        if self._writer is None or self._writer.is_closing():
            raise child_unavailable()
        self._next_id += 1
        call_id = self._next_id
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[call_id] = future
        try:
            self._writer.write(encode({"id": call_id, "call": name, "args": args}))
            return await asyncio.wait_for(future, timeout_s)
        except (TimeoutError, ConnectionError) as error:
            raise child_unavailable() from error
        finally:
            del self._waiting[call_id]

    async def aclose(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._fail_waiting()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while (message := await read_message(reader)) is not None:
                self._take(message)
        except (
            Exception
        ):  # no message, or a consumer that is too far behind: this child's facts are lost, so it is given up
            logger.exception("the events of a media process cannot be taken")
        if self._writer is not None:
            self._writer.close()
        self._fail_waiting()
        self._on_gone()

    def _take(self, message: Message) -> None:
        if "event" in message:
            self._on_event(message)
            return
        future = self._waiting.get(message.get("id", 0))
        if future is None or future.done():
            return
        if "error" in message:
            future.set_exception(MediaError.from_wire(message["error"]))
        else:
            future.set_result(message.get("result"))

    def _fail_waiting(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(child_unavailable())


def child_unavailable() -> MediaError:
    return MediaError(Kind.UNAVAILABLE, "relay_unavailable", "the media process is not reachable")
