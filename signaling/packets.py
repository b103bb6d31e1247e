"""What the session sockets read of the Socket.IO protocol: text events with a name, nothing binary."""

from __future__ import annotations

from socketio.packet import BINARY_ACK, BINARY_EVENT, EVENT, Packet


class TextPacket(Packet):  # type: ignore[misc]  # the library has no types
    """Never waits for attachments; refuses (ValueError) them when they come, and events without a name.

    The library keeps the attachments that a binary packet announces until all have come, up to ten thousand million
    of them: one stranger would fill the memory. No message of ours is binary, so an event that announces some is
    answered as it stands, with placeholders that no field takes.
    """

    packet_type: int

    def decode(self, encoded_packet: str | bytes) -> int:
        """Called with each packet as it came in; the number of attachments to wait for is always 0."""
        if not isinstance(encoded_packet, str):
            raise ValueError("an attachment")
        super().decode(encoded_packet)
        if self.packet_type == BINARY_ACK:
            raise ValueError("a binary acknowledgement")
        if self.packet_type == BINARY_EVENT:
            self.packet_type = EVENT
        if self.packet_type == EVENT and not _is_event(self.data):
            raise ValueError("an event without a name")
        return 0


def _is_event(data: object) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)
