"""The frames of a session socket, before the library reads them: what is no Engine.IO frame ends that socket quietly.

The library reads a frame outside of its own catching: one that it cannot read would leave a traceback in the log and
the socket's state behind, for each connection of whoever likes to see that.
"""

from __future__ import annotations

from typing import Any

from engineio.async_drivers.aiohttp import WebSocket
from socketio import AsyncServer

#: Engine.IO protocol 4: the packet types as the first character of a text frame.
TYPES = frozenset("0123456")
MESSAGE = "4"


def is_readable(frame: str) -> bool:
    return bool(frame) and frame[0] in TYPES and frame != MESSAGE


class ReadableFrames(WebSocket):  # type: ignore[misc]  # the library has no types
    """Text alone: nothing that is spoken here is binary, so binary frames are passed over."""

    async def wait(self) -> Any:
        """The next frame. Raises OSError, which the library takes for the end of the connection."""
        while isinstance(frame := await super().wait(), bytes):
            pass
        if not is_readable(frame):
            raise OSError("no Engine.IO frame")
        return frame


def read_frames_ourselves(server: AsyncServer) -> AsyncServer:
    """The same server, with sockets that read so."""
    server.eio._async = {**server.eio._async, "websocket": ReadableFrames}
    return server
