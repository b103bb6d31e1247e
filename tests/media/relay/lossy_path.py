"""A way to the relay that loses and delays datagrams by a seed."""

from __future__ import annotations

import asyncio
import random

from tests.media.relay.udp_proxy import Address, UdpProxy


class LossyPath(UdpProxy):
    """`loss` counts for media towards the relay, `loss_back` for media from it; `delay_s` for each direction."""

    def __init__(self, loss: float, delay_s: float, seed: int, loss_back: float = 0.0) -> None:
        super().__init__()
        self.loss = loss
        self.loss_back = loss_back
        self.lost = 0
        self.blackout = False
        self._delay_s = delay_s
        self._chance = random.Random(seed)

    def towards_relay(self, data: bytes, source: Address) -> None:
        if not self.blackout and not self._loses(data, self.loss):
            asyncio.get_running_loop().call_later(self._delay_s, self.send_on, data, source)

    def towards_peer(self, data: bytes, peer: Address) -> None:
        if not self.blackout and not self._loses(data, self.loss_back):
            asyncio.get_running_loop().call_later(self._delay_s, self.send_back, data, peer)

    def _loses(self, data: bytes, share: float) -> bool:
        is_media = 127 < data[0] < 192 and not 191 < data[1] < 224
        loses = is_media and self._chance.random() < share
        self.lost += loses
        return loses
