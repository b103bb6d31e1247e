"""The kernel's view of its clock: ntp_adjtime(2), asked without changing anything."""

from __future__ import annotations

import ctypes

from inspection.services.ports import NtpState

_STA_UNSYNC, _STA_NANO = 0x0040, 0x2000
_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """The beginning of `struct timex` (linux/timex.h) and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def read_ntp() -> NtpState | None:
    """None where the system has no such call, or refuses it."""
    asked = _Timex()
    try:
        answer = int(ctypes.CDLL(None, use_errno=True).ntp_adjtime(ctypes.byref(asked)))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else state_of(answer, asked.status, asked.offset, asked.maxerror)


def state_of(answer: int, status: int, offset: int, max_error_us: int) -> NtpState:
    """From the call's result and the fields of the structure; the offset is in nanoseconds where the status says so."""
    offset_us = offset // 1000 if status & _STA_NANO else offset
    synchronised = answer != _TIME_ERROR and not status & _STA_UNSYNC
    return NtpState(synchronised, offset_us, max(0, max_error_us))
