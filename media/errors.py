"""What the media plane refuses, with stable codes."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The closed set of error kinds; edges map a kind to a status once."""

    INVALID = "invalid"
    NOT_AUTHENTICATED = "not_authenticated"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class MediaError(Exception):
    """A refusal of the media plane: `kind` for the edge, `code` for the user's text, `message` for the log.

    The message never carries SDP, keys or addresses of people.
    """

    def __init__(self, kind: Kind, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.kind = kind
        self.code = code
        self.message = message

    def to_wire(self) -> dict[str, str]:
        return {"kind": self.kind.value, "code": self.code, "message": self.message}

    @classmethod
    def from_wire(cls, fields: dict[str, str]) -> MediaError:
        return cls(Kind(fields["kind"]), fields["code"], fields.get("message", ""))


def sdp_too_large() -> MediaError:
    return MediaError(Kind.INVALID, "sdp_too_large", "a session description may have 32 kB")


def sdp_invalid(message: str) -> MediaError:
    return MediaError(Kind.INVALID, "sdp_invalid", message)


def codec_not_supported(message: str) -> MediaError:
    return MediaError(Kind.INVALID, "codec_not_supported", message)


def session_unknown() -> MediaError:
    return MediaError(Kind.NOT_FOUND, "session_unknown", "no such session is open")


def peer_unknown() -> MediaError:
    return MediaError(Kind.NOT_FOUND, "peer_unknown", "no such peer in that session")


def too_many_peers() -> MediaError:
    return MediaError(Kind.CONFLICT, "too_many_peers", "the session has as many peers as it may have")


def peer_flooding() -> MediaError:
    return MediaError(Kind.NOT_ALLOWED, "peer_flooding", "that participant's last connection sent far too much")


def udp_ports_used_up() -> MediaError:
    return MediaError(Kind.UNAVAILABLE, "udp_ports_used_up", "every UDP port of the configured range is taken")


def no_media_address() -> MediaError:
    return MediaError(Kind.UNAVAILABLE, "no_media_address", "no address of this machine could be listened on")
