"""A small blocking TURN client (RFC 8656) and STUN check, for the doctor: one allocation, one thing at a time.

Every wait is bounded; what a TURN server answers is never trusted further than to be shown.
"""

from __future__ import annotations

import hashlib
import select
import socket
import ssl
import struct
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from aioice.stun import Class, Message, Method, parse_message

from web.turn import TurnUrl

Address = tuple[str, int]
UDP_TRANSPORT = 0x11000000
CONNECT_S = 3.0
ANSWER_S = 1.5
RESEND_S = 0.4
MOST_BYTES = 4096
HEADER = struct.Struct("!HH")


class TurnRefused(Exception):
    """The server answered with a STUN error."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code


class TurnSilent(Exception):
    """No answer in time."""


class TurnClient:
    """Connected on construction. Raises OSError (also ssl.SSLError) where the server cannot be reached."""

    def __init__(self, url: TurnUrl, username: str, password: str, trust: ssl.SSLContext) -> None:
        self._username = username
        self._password = password
        self._realm = ""
        self._nonce = b""
        self._is_stream = url.transport != "udp"
        self._left = b""
        self._waiting: list[Message] = []
        self._socket = _connect(url, trust)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Gives the allocation back where it can."""
        with suppress(OSError, TurnRefused, TurnSilent, ValueError):
            if self._realm:
                self._ask(self._request(Method.REFRESH, LIFETIME=0))
        self._socket.close()

    def allocate(self) -> Address:
        """The relayed address. Raises TurnRefused, TurnSilent."""
        asked = {"REQUESTED-TRANSPORT": UDP_TRANSPORT}
        try:
            answer = self._ask(self._request(Method.ALLOCATE, **asked))
        except TurnRefused as refused:
            if refused.code != 401 or not self._realm:
                raise
            answer = self._ask(self._request(Method.ALLOCATE, **asked))
        address: Address = answer.attributes["XOR-RELAYED-ADDRESS"]
        return address

    def permit(self, peer: Address) -> None:
        """Raises TurnRefused (403: the server may not pass on to that address), TurnSilent."""
        self._ask(self._request(Method.CREATE_PERMISSION, **{"XOR-PEER-ADDRESS": peer}))

    def send(self, data: bytes, peer: Address) -> None:
        indication = Message(message_method=Method.SEND, message_class=Class.INDICATION)
        indication.attributes["XOR-PEER-ADDRESS"] = peer
        indication.attributes["DATA"] = data
        self._socket.sendall(bytes(indication))

    def receive(self, timeout_s: float) -> tuple[bytes, Address] | None:
        """What a peer sent, or None in time."""
        deadline_s = time.monotonic() + timeout_s
        while (message := self._next(deadline_s)) is not None:
            if message.message_method == Method.DATA and "DATA" in message.attributes:
                return message.attributes["DATA"], message.attributes["XOR-PEER-ADDRESS"]
        return None

    def _request(self, method: Method, **attributes: object) -> Message:
        request = Message(message_method=method, message_class=Class.REQUEST)
        request.attributes.update(attributes)
        if self._realm:
            request.attributes["USERNAME"] = self._username
            request.attributes["REALM"] = self._realm
            request.attributes["NONCE"] = self._nonce
            key = hashlib.md5(f"{self._username}:{self._realm}:{self._password}".encode())  # RFC 8489, section 9.2.2
            request.add_message_integrity(key.digest())
        return request

    def _ask(self, request: Message) -> Message:
        deadline_s = time.monotonic() + (CONNECT_S if self._is_stream else ANSWER_S)
        while time.monotonic() < deadline_s:
            self._socket.sendall(bytes(request))
            until_s = deadline_s if self._is_stream else min(deadline_s, time.monotonic() + RESEND_S)
            while (answer := self._next(until_s)) is not None:
                if answer.transaction_id == request.transaction_id:
                    return self._checked(answer)
        raise TurnSilent

    def _checked(self, answer: Message) -> Message:
        self._realm = answer.attributes.get("REALM", self._realm)
        self._nonce = answer.attributes.get("NONCE", self._nonce)
        if answer.message_class == Class.ERROR:
            raise TurnRefused(*answer.attributes.get("ERROR-CODE", (0, "")))
        return answer

    def _next(self, deadline_s: float) -> Message | None:
        while True:
            packet = self._take_packet()
            if packet is not None:
                with suppress(ValueError):
                    return parse_message(packet)
                continue
            if not _readable(self._socket, deadline_s):
                return None
            received = self._socket.recv(MOST_BYTES)
            if not received and self._is_stream:
                raise ConnectionResetError("the TURN server closed the connection")
            self._left = self._left + received if self._is_stream else received

    def _take_packet(self) -> bytes | None:
        """The next whole message; on a stream its own length says where it ends (RFC 8489, section 6.2.2)."""
        if len(self._left) < 20:
            return None
        end = 20 + HEADER.unpack_from(self._left)[1] if self._is_stream else len(self._left)
        if len(self._left) < end:
            return None
        packet, self._left = self._left[:end], self._left[end:]
        return packet


def check_of(username: str, password: str, own_name: str = "doctor") -> Message:
    """A connectivity check (RFC 8445) to the ICE agent with these."""
    check = Message(message_method=Method.BINDING, message_class=Class.REQUEST)
    check.attributes["USERNAME"] = f"{username}:{own_name}"
    check.attributes["PRIORITY"] = 1
    check.add_message_integrity(password.encode())
    return check


def is_answer(data: bytes, check: Message) -> Address | None:
    """How the other end sees us, where `data` answers that check."""
    try:
        message = parse_message(data)
    except ValueError:
        return None
    if message.transaction_id != check.transaction_id or message.message_class != Class.RESPONSE:
        return None
    seen: Address | None = message.attributes.get("XOR-MAPPED-ADDRESS")
    return seen


def _connect(url: TurnUrl, trust: ssl.SSLContext) -> socket.socket:
    if url.transport == "udp":
        family = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_DGRAM)[0][0]
        plain = socket.socket(family, socket.SOCK_DGRAM)
        plain.connect((url.host, url.port))
        return plain
    plain = socket.create_connection((url.host, url.port), CONNECT_S)
    if url.transport == "tcp":
        return plain
    try:
        return trust.wrap_socket(plain, server_hostname=url.host)
    except OSError:
        plain.close()
        raise


def _readable(connection: socket.socket, deadline_s: float) -> bool:
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    return bool(select.select([connection], [], [], max(0.0, deadline_s - time.monotonic()))[0])
