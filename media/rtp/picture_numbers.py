"""PictureID and TL0PICIDX of a VP8 stream of which layers are left out (RFC 7741 section 4.2): no holes go out.

A frame of layer n refers to frames of layers up to n only, so whole upper layers may be left out at any time. They come
back one by one, each at a frame that depends on the base layer alone (Y), or all at once at a key frame.
"""

from __future__ import annotations

from media.rtp.vp8 import TL0_BITS, Vp8Descriptor, unwrap_bits

EVERY_LAYER = 7
#: Pictures further back are nobody's concern any more; a jump further than this is a sender that counts anew.
WINDOW = 128
#: Changes of what is passed on that late packets are still judged by.
REMEMBERED_CHANGES = 16

#: PictureID and TL0PICIDX on the way out, unwrapped.
Numbers = tuple[int, int]


class PictureNumbers:
    """Judges and numbers the pictures of one source. `wanted`: the highest layer to pass on.

    `last`: what went out before. With `joins_on`, that was another source, and this one goes on from there;
    else this source has been passed on as it is, and keeps its numbers.
    A whole picture that arrives after later ones and is then left out leaves a hole, as if the network had lost it,
    unless only the base layer is passed on: there TL0PICIDX tells what is missing.
    """

    def __init__(self, last: Numbers | None = None, *, joins_on: bool = True) -> None:
        self.wanted = EVERY_LAYER
        self._last, self._last_tl0 = last if last is not None else (-1, -1)
        self._keeps_own = last is None or not joins_on
        self._knows_last = last is not None
        self._highest: int | None = None
        self._first = 0
        self._tl0_highest = 0
        self._tl0_offset = 0
        self._changes: list[tuple[int, int]] = []
        self._by_picture: dict[int, int] = {}
        self._by_tl0: dict[int, int] = {}

    @property
    def last(self) -> Numbers:
        """The highest numbers that went out."""
        return self._last, self._last_tl0

    def judge(self, descriptor: Vp8Descriptor, newest: bool, keyframe: bool) -> Numbers | None:
        """The numbers of this packet's picture on the way out, None where it is left out.

        newest: no later packet has been seen. keyframe: the packet is the first of a key frame.
        """
        if self._highest is None:
            self._knows_last = self._knows_last and not self._keeps_own
            self._restart(descriptor.picture_id, descriptor, self.wanted)
        picture = self._unwrap(descriptor)
        highest = self._highest or 0
        if newest and picture != highest:
            if 0 < picture - highest <= WINDOW:
                self._advance(picture, descriptor, keyframe)
            else:
                layer = self._changes[-1][1]
                self._restart(picture, descriptor, self.wanted if keyframe else min(self.wanted, layer))
        elif not highest - WINDOW < picture <= highest:
            return None
        if descriptor.temporal_id > self._layer_at(picture):
            return None
        return self._numbers(picture, descriptor)

    def admit_keyframe(self, descriptor: Vp8Descriptor) -> None:
        """A key frame begins, and all pictures before it were left out: it follows what went out last."""
        picture = descriptor.picture_id if self._highest is None else self._unwrap(descriptor)
        self._restart(picture, descriptor, self.wanted)

    def find(self, descriptor: Vp8Descriptor) -> Numbers | None:
        """The numbers of a picture that was admitted, None for any other."""
        return None if self._highest is None else self._numbers(self._unwrap(descriptor), descriptor)

    def _unwrap(self, descriptor: Vp8Descriptor) -> int:
        return unwrap_bits(self._highest or 0, descriptor.picture_id, descriptor.picture_bits)

    def _restart(self, picture: int, descriptor: Vp8Descriptor, layer: int) -> None:
        """The next picture out is this one, whatever was before it."""
        is_base = descriptor.temporal_id <= 0
        tl0 = max(descriptor.tl0, 0)
        if not self._knows_last:
            self._last, self._last_tl0 = picture - 1, tl0 - is_base
        self._keeps_own = self._keeps_own and not self._knows_last
        self._knows_last = True
        self._highest = self._first = picture
        self._tl0_highest, self._tl0_offset = tl0, self._last_tl0 + is_base - tl0
        self._changes = [(picture, layer)]
        self._by_picture.clear()
        self._by_tl0.clear()
        if descriptor.temporal_id <= layer:
            self._pass(picture, self._last + 1, descriptor)

    def _advance(self, picture: int, descriptor: Vp8Descriptor, keyframe: bool) -> None:
        """A new picture, perhaps after some that have not been seen yet."""
        before = self._changes[-1][1]
        layer = self._next_layer(before, descriptor, keyframe)
        if before == 0 and descriptor.tl0 >= 0:
            self._reserve_base(descriptor, picture - (self._highest or 0) - 1)
        else:
            self._reserve_all(picture)
        self._highest = picture
        if layer != before:
            self._changes = [*self._changes[1 - REMEMBERED_CHANGES :], (picture, layer)]
        if descriptor.temporal_id <= layer:
            self._pass(picture, self._last + 1, descriptor)
        self._note_tl0(descriptor)
        self._forget()

    def _next_layer(self, layer: int, descriptor: Vp8Descriptor, keyframe: bool) -> int:
        if self.wanted <= layer or keyframe:
            return self.wanted
        return layer + 1 if descriptor.layer_sync and descriptor.temporal_id == layer + 1 else layer

    def _reserve_all(self, picture: int) -> None:
        for missing in range((self._highest or 0) + 1, picture):
            self._last += 1
            self._by_picture[missing] = self._last

    def _reserve_base(self, descriptor: Vp8Descriptor, missing: int) -> None:
        """With the base layer alone, TL0PICIDX tells how many of the pictures that are not here yet will go out."""
        ahead = unwrap_bits(self._tl0_highest, descriptor.tl0, TL0_BITS) - self._tl0_highest
        for step in range(1, min(ahead - (descriptor.temporal_id == 0), missing) + 1):
            self._last += 1
            self._by_tl0[self._tl0_highest + step] = self._last

    def _pass(self, picture: int, out: int, descriptor: Vp8Descriptor) -> None:
        self._by_picture[picture] = self._last = out
        self._note_tl0(descriptor)

    def _note_tl0(self, descriptor: Vp8Descriptor) -> None:
        if descriptor.tl0 >= 0:
            self._tl0_highest = max(self._tl0_highest, unwrap_bits(self._tl0_highest, descriptor.tl0, TL0_BITS))
        self._last_tl0 = self._tl0_highest + self._tl0_offset

    def _numbers(self, picture: int, descriptor: Vp8Descriptor) -> Numbers | None:
        tl0 = unwrap_bits(self._tl0_highest, max(descriptor.tl0, 0), TL0_BITS)
        out = self._by_picture.get(picture)
        if out is None and picture < self._first and self._keeps_own:
            out = picture
        if out is None and descriptor.temporal_id == 0:
            out = self._by_tl0.get(tl0)
        return None if out is None else (out, tl0 + self._tl0_offset)

    def _layer_at(self, picture: int) -> int:
        return next((layer for since, layer in reversed(self._changes) if picture >= since), EVERY_LAYER)

    def _forget(self) -> None:
        while len(self._by_picture) > 2 * WINDOW:
            del self._by_picture[next(iter(self._by_picture))]
        while len(self._by_tl0) > WINDOW:
            del self._by_tl0[next(iter(self._by_tl0))]
