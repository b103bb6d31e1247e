"""What the session sockets read of the Socket.IO protocol: text events with a name, nothing binary."""

from __future__ import annotations

from socketio.packet import BINARY_ACK, BINARY_EVENT, EVENT, Packet


class TextPacket(Packet):  # type: ignore[misc]  # the library has no types
    """Refuses (ValueError) binary packets, and events without a name.

    The library keeps the attachments that a binary packet announces until all have come, up to ten thousand million
    of them, before anybody is asked: one stranger would fill the memory. No message of ours is binary.
    """

    def decode(self, encoded_packet: str | bytes) -> int:
        """Called with each packet as it came in; the number of attachments to wait for is always 0."""
        if not isinstance(encoded_packet, str):
            raise ValueError("a packet is text")
        super().decode(encoded_packet)
        if self.packet_type in (BINARY_EVENT, BINARY_ACK):
            raise ValueError("a binary packet")
        if self.packet_type == EVENT and not _is_event(self.data):
            raise ValueError("an event without a name")
        return 0


def _is_event(data: object) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)
