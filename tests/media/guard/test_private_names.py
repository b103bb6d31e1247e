"""Canaries: what `media.aiortc_private` uses of other projects is still there and still shaped as it was."""

from __future__ import annotations

import inspect

import aioice.ice
import pylibsrtp
import pytest
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport

from media import aiortc_private

pytestmark = pytest.mark.unit


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_installed_versions_were_tried() -> None:
    aiortc_private.check_versions()


def test_an_untried_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiortc_private, "version", lambda name: "9.9.9")
    with pytest.raises(RuntimeError, match="tried"):
        aiortc_private.check_versions()


async def test_aioice_has_the_names_that_the_guard_overrides_and_calls() -> None:
    connection = aioice.ice.Connection(ice_controlling=False)
    assert connection._queue.qsize() == 0
    assert connection._nominated == {} and connection._protocols == []
    assert parameters(aioice.ice.Connection.get_component_candidates) == ["self", "component", "addresses", "timeout"]
    assert parameters(aioice.ice.Connection.check_incoming) == ["self", "message", "addr", "protocol"]
    assert parameters(aioice.ice.Connection.check_complete) == ["self", "pair"]
    assert parameters(aioice.ice.Connection.request_received) == ["self", "message", "addr", "protocol"]
    assert parameters(aioice.ice.Connection.data_received) == ["self", "data", "component"]
    protocol = aioice.ice.StunProtocol(connection)
    assert protocol.transactions == {} and protocol.receiver is connection
    source = inspect.getsource(aioice.ice.Connection.request_received)
    assert source.index("check_message_integrity") < source.index("self.check_incoming")
    assert "self.check_incoming(*early_check)" in inspect.getsource(aioice.ice.Connection.connect)


async def test_aiortc_has_the_names_that_peers_use() -> None:
    gatherer = RTCIceGatherer(iceServers=[])
    assert isinstance(gatherer._connection, aioice.ice.Connection)
    ice = RTCIceTransport(gatherer)
    assert ice._connection is gatherer._connection
    dtls = RTCDtlsTransport(ice, [RTCCertificate.generateCertificate()])
    dtls._set_role("server")
    assert dtls._role == "server" and dtls._rx_srtp is None and dtls._tx_srtp is None
    assert "_connection" in inspect.getsource(RTCIceTransport.__init__)
    assert 'if self._role == "auto"' in inspect.getsource(RTCDtlsTransport.start)


def test_srtp_sessions_transform_as_the_library_itself_does() -> None:
    policy = pylibsrtp.Policy(key=bytes(range(30)), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    packet = bytes.fromhex("80600001000000010000beef") + b"payload"
    ours = aiortc_private._transform(pylibsrtp.Session(policy), pylibsrtp._binding.lib.srtp_protect)(packet)
    assert ours == pylibsrtp.Session(policy).protect(packet)
    inbound = pylibsrtp.Policy(key=bytes(range(30)), ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND)
    unprotect = aiortc_private._transform(pylibsrtp.Session(inbound), pylibsrtp._binding.lib.srtp_unprotect)
    assert unprotect(ours) == packet
    with pytest.raises(aiortc_private.SrtpError):
        unprotect(ours)
    with pytest.raises(aiortc_private.SrtpError):
        unprotect(bytes(3000))
