"""UDP sockets in the range that firewalls and gateways let through."""

from __future__ import annotations

import errno
import random
import socket

RECEIVE_BUFFER_BYTES = 1024 * 1024
#: A range of up to so many ports is tried whole before it counts as used up; that takes some milliseconds.
PORT_TRIES = 2000


def bind_udp(address: str, ports: tuple[int, int] | None) -> socket.socket:
    """A bound, non-blocking UDP socket of the address's family, `ports` an inclusive range or None for any.

    Raises OSError: EADDRNOTAVAIL where the address is not ours, EADDRINUSE where the range is used up.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if ports is None:
            bound.bind((address, 0))
        else:
            _bind_in_range(bound, address, ports)
    except OSError:
        bound.close()
        raise
    return bound


def _bind_in_range(bound: socket.socket, address: str, ports: tuple[int, int]) -> None:
    first, last = ports
    for port in random.sample(range(first, last + 1), min(PORT_TRIES, last - first + 1)):
        try:
            bound.bind((address, port))
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"no free UDP port in {first}-{last}")
