"""The relay's end of small copies: starts their processes, feeds them, hands on what they make."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import subprocess
import sys
from collections.abc import Callable

from media.reencode_main import KEYFRAME, MAX_MESSAGE_BYTES, PACKET, RATE, READY
from media.reencode_port import Deliver
from media.rtp.header import HEADER
from media.rtp.keyframe import KeyframeRequester
from media.rtp.sequence import unwrap16

#: The copy counts from here, so that its first packets may be reordered below it.
FIRST_CYCLE = 0x10000
#: A copy that makes more than this at a time waits for the next turn of the loop.
MESSAGES_A_TURN = 64
STOP_DEADLINE_S = 3.0

logger = logging.getLogger(__name__)


class CopyProcess:
    """A `SmallCopy`. `on_ended` is called once."""

    def __init__(
        self,
        codec: str,
        bits_per_s: int,
        deliver: Deliver,
        ask_keyframe: Callable[[], None],
        on_ended: Callable[[CopyProcess], None],
    ) -> None:
        self.last_sequence = FIRST_CYCLE
        self.last_timestamp = 0
        self.keyframes = KeyframeRequester()
        self.ended = False
        #: Packets that the process was too slow for.
        self.dropped = 0
        self.started: asyncio.Future[subprocess.Popen[bytes]]
        self._ready = False
        self._deliver = deliver
        self._ask_keyframe = ask_keyframe
        self._on_ended = on_ended
        self._loop = asyncio.get_running_loop()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._loop.add_reader(self._socket.fileno(), self._read)
        command = [sys.executable, "-m", "media.reencode_main", "--fd", str(theirs.fileno()), "--codec", codec]
        command += ["--bits-per-s", str(bits_per_s)]
        self.started = self._loop.run_in_executor(None, _start, command, theirs)

    def feed(
        self, sequence: int, first: int, marker: int, timestamp: int, packet: bytes, offset: int, now_us: int, sent: int
    ) -> None:
        if self._ready:
            self._send(PACKET + packet)

    def set_rate(self, bits_per_s: int) -> None:
        self._send(RATE + struct.pack("!I", bits_per_s))

    def request_keyframe(self, now_us: int) -> None:
        """Throttled as a camera's key frames are."""
        if self.keyframes.request(now_us):
            self.keyframes.arrived()
            self._send(KEYFRAME)

    def request_mend(self, now_us: int) -> None:
        self.request_keyframe(now_us)

    def close(self) -> None:
        if self.ended:
            return
        self.ended = True
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._on_ended(self)

    async def wait_gone(self) -> None:
        """After `close`: until the process has ended; one that hangs is killed."""
        if self.dropped:
            logger.warning("the process of a small copy was too slow for %d packets", self.dropped)
        try:
            process = await self.started
        except OSError:
            logger.exception("the process of a small copy does not start")
            return
        try:
            await asyncio.wait_for(self._loop.run_in_executor(None, process.wait), STOP_DEADLINE_S)
        except TimeoutError:
            logger.error("the process of a small copy did not exit by itself: killing it")
            process.kill()
            await self._loop.run_in_executor(None, process.wait)

    def _send(self, message: bytes) -> None:
        if self.ended:
            return
        try:
            self._socket.send(message)
        except BlockingIOError:
            self.dropped += 1
        except OSError:
            self.close()

    def _read(self) -> None:
        for _ in range(MESSAGES_A_TURN):
            try:
                message = self._socket.recv(MAX_MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self.close()
                return
            self._take(message)
            if self.ended:
                return

    def _take(self, message: bytes) -> None:
        kind = message[:1]
        if kind == READY:
            self._ready = True
            self._ask_keyframe()
        elif kind == KEYFRAME:
            self._ask_keyframe()
        elif kind == PACKET and len(message) > 1 + HEADER.size:
            _, marker, sequence, timestamp, _ = HEADER.unpack_from(message, 1)
            self.last_sequence = unwrap16(self.last_sequence, sequence)
            self.last_timestamp = timestamp
            self._deliver(self.last_sequence, marker, timestamp, message[1:])


def _start(command: list[str], theirs: socket.socket) -> subprocess.Popen[bytes]:
    """In a thread: to fork takes milliseconds that the relay's packets do not have."""
    with theirs:
        return subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True)


class CopyProcesses:
    """Implements `Reencoders`: owner of the processes, `most` at a time. `leaving`: waits for those that end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._copies: set[CopyProcess] = set()
        self.leaving: set[asyncio.Task[None]] = set()

    def start(
        self, codec: str, bits_per_s: int, deliver: Deliver, ask_keyframe: Callable[[], None]
    ) -> CopyProcess | None:
        if len(self._copies) + len(self.leaving) >= self._most:
            return None
        copy = CopyProcess(codec, bits_per_s, deliver, ask_keyframe, self._ended)
        self._copies.add(copy)
        return copy

    async def aclose(self) -> None:
        for copy in list(self._copies):
            copy.close()
        await asyncio.gather(*self.leaving, return_exceptions=True)

    def _ended(self, copy: CopyProcess) -> None:
        self._copies.discard(copy)
        task = asyncio.get_running_loop().create_task(copy.wait_gone())
        self.leaving.add(task)
        task.add_done_callback(self.leaving.discard)
