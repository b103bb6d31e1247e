"""What a login has been seen to look at, so that a look in many requests is one entry and none goes unrecorded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

MOST_LOOKS = 10_000


class Looks:
    """In memory and bounded: what is forgotten, oldest first, is recorded once more at its next look."""

    def __init__(self, most: int = MOST_LOOKS) -> None:
        self._most = most
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, login_id: str, what: str) -> bool:
        """Whether this login looks at it for the first time."""
        look = (login_id, what)
        is_new = look not in self._seen
        self._seen[look] = None
        self._seen.move_to_end(look)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return is_new

    @contextmanager
    def forgotten_unless_recorded(self, login_id: str, what: str) -> Iterator[None]:
        """Where the entry cannot be written nothing is shown, and the next request is the first again."""
        try:
            yield
        except BaseException:
            self._seen.pop((login_id, what), None)
            raise
