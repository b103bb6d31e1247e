"""The process of one small copy: `python -m media.reencode_main --fd N --codec VP8 --bits-per-s 150000`.

The file descriptor is one of a pair of Unix sockets that keep messages apart. In: P and an RTP packet of the source,
R and a rate (u32), K for a key frame. Out: H once it is ready, P and an RTP packet of the copy, K where it needs a key
frame of the source. Ends when the other end has gone.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import struct
import time
from collections.abc import Callable

from media.depacketise import EncodedFrame, FrameAssembler
from media.reencode_pictures import SmallEncoder
from media.rtp.header import HEADER
from media.stills_decode import PictureDecoder

PACKET, RATE, KEYFRAME, READY = b"P", b"R", b"K", b"H"
MAX_MESSAGE_BYTES = 65_536
#: A source whose pictures cannot be decoded is asked for a key frame this often.
ASK_EVERY_US = 5_000_000
NICENESS = 5


class Copier:
    """From packets of the source to packets of the copy. `send` takes one message."""

    def __init__(self, codec: str, bits_per_s: int, send: Callable[[bytes], None]) -> None:
        self._assembler = FrameAssembler(codec)
        self._decoder = PictureDecoder(codec)
        self._encoder = SmallEncoder(bits_per_s)
        self._send = send
        self._sequence = 0
        self._asked_us: int | None = None

    def take(self, message: bytes, now_us: int) -> None:
        """A message that is none of ours is ignored."""
        kind, body = message[:1], message[1:]
        if kind == PACKET:
            for frame in self._assembler.feed(body, now_us):
                self._copy(frame, now_us)
        elif kind == RATE and len(body) == 4:
            (self._encoder.bits_per_s,) = struct.unpack("!I", body)
        elif kind == KEYFRAME:
            self._encoder.request_keyframe()

    def _copy(self, frame: EncodedFrame, now_us: int) -> None:
        before = self._decoder.newest
        self._decoder.decode(frame)
        picture = self._decoder.newest
        if picture is None or picture is before:
            self._ask(now_us)
            return
        payloads = self._encoder.encode(picture.decoded, frame.rtp_timestamp)
        for place, payload in enumerate(payloads):
            marker = 0x80 if place == len(payloads) - 1 else 0
            header = HEADER.pack(0x80, marker, self._sequence & 0xFFFF, frame.rtp_timestamp & 0xFFFFFFFF, 1)
            self._sequence += 1
            self._send(PACKET + header + payload)

    def _ask(self, now_us: int) -> None:
        if self._asked_us is None or now_us - self._asked_us >= ASK_EVERY_US:
            self._asked_us = now_us
            self._send(KEYFRAME)


def serve(connection: socket.socket, codec: str, bits_per_s: int) -> None:
    """Until the other end has gone."""

    def send(message: bytes) -> None:
        connection.send(message)

    copier = Copier(codec, bits_per_s, send)
    try:
        connection.send(READY)
        while message := connection.recv(MAX_MESSAGE_BYTES):
            copier.take(message, time.monotonic_ns() // 1000)
    except (BrokenPipeError, ConnectionResetError):
        return


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes a small copy of one picture for one viewer.")
    parser.add_argument("--fd", type=int, required=True, help="the socket to talk to the relay by")
    parser.add_argument("--codec", required=True, help="codec of the source")
    parser.add_argument("--bits-per-s", type=int, required=True, help="what the copy may take")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s copy %(levelname)s %(name)s: %(message)s")
    os.nice(NICENESS)
    with socket.socket(fileno=arguments.fd) as connection:
        serve(connection, arguments.codec, arguments.bits_per_s)


if __name__ == "__main__":
    main()
