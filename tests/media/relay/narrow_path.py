"""A way to a viewer that carries so many bits a second and no more."""

from __future__ import annotations

import asyncio

from tests.media.relay.udp_proxy import Address, UdpProxy

#: What waits for its turn longer than this is dropped, as a modem's queue does.
QUEUE_S = 0.4
OVERHEAD_BYTES = 28


class NarrowPath(UdpProxy):
    """`bits_per_s` may be changed at any time; None carries everything. Towards the relay it is as wide as ever."""

    def __init__(self, bits_per_s: int | None) -> None:
        super().__init__()
        self.bits_per_s = bits_per_s
        self.dropped = 0
        self._free_at = 0.0

    def towards_relay(self, data: bytes, source: Address) -> None:
        self.send_on(data, source)

    def towards_peer(self, data: bytes, peer: Address) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        start = max(now, self._free_at)
        if start - now > QUEUE_S:
            self.dropped += 1
            return
        taken_s = (len(data) + OVERHEAD_BYTES) * 8 / self.bits_per_s if self.bits_per_s else 0.0
        self._free_at = start + taken_s
        loop.call_at(self._free_at, self.send_back, data, peer)
