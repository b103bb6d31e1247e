"""What strangers and dishonest clients send to the session sockets, frame by frame."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.signaling.served import Case, Served, http_of
from web.client import PublicClient, Refused

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="package")]

PATH = "/socket.io/?EIO=4&transport=websocket"


class Frames:
    """A WebSocket without a client library behind it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, frame: str | bytes) -> None:
        await (self._socket.send_str(frame) if isinstance(frame, str) else self._socket.send_bytes(frame))

    async def next(self, begins: str) -> str:
        """The first frame from here on that begins so."""
        async with asyncio.timeout(10):
            while True:
                frame = await self._socket.receive_str()
                if frame.startswith(begins):
                    return frame
                if frame == "2":
                    await self._socket.send_str("3")


@asynccontextmanager
async def frames_of(person: PublicClient) -> AsyncIterator[Frames]:
    async with http_of(person).ws_connect(person.url + PATH, headers={"Origin": person.url}) as socket:
        frames = Frames(socket)
        await frames.next("0")
        yield frames


async def enter(frames: Frames, person: PublicClient, csrf: Any = None) -> str:
    await frames.send(f"40{person.namespace}," + json.dumps({"csrf": person.csrf if csrf is None else csrf}))
    return await frames.next("4")


async def answer(frames: Frames, person: PublicClient, number: int, event: Any, body: Any) -> dict[str, Any]:
    await frames.send(f"42{person.namespace},{number}" + json.dumps([event, body]))
    frame = await frames.next(f"43{person.namespace},{number}[")
    told: dict[str, Any] = json.loads(frame[frame.index("[") :])[0]
    return told


async def test_a_stranger_is_let_into_no_namespace(served: Served) -> None:
    stranger = served.person("inspector")
    async with frames_of(stranger) as frames:
        for namespace in ("", "/auditor,", "/inspector,", "/applicant,"):
            await frames.send(f"40{namespace}")
            assert (await frames.next("4")).startswith("44")


async def test_announced_attachments_are_not_waited_for(case: Case) -> None:
    """The library would keep every later frame, up to ten thousand million, as an attachment of the first."""
    async with frames_of(case.inspector) as frames:
        assert (await enter(frames, case.inspector)).startswith("40")
        await frames.send('451000000-/inspector,["chat:send",{"_placeholder":true,"num":0}]')
        await frames.send(b"x" * 1000)
        told = await answer(frames, case.inspector, 1, "session:join", {"session_id": case.session_id})
    assert told["ok"] is True


@pytest.mark.parametrize("packet", ["42/inspector,1{}", "42/inspector,1[]", "42/inspector,1[{}]", "42/inspector,1[[]]"])
async def test_an_event_without_a_name_is_passed_over(case: Case, packet: str) -> None:
    async with frames_of(case.inspector) as frames:
        await enter(frames, case.inspector)
        await frames.send(packet)
        told = await answer(frames, case.inspector, 2, "no:such", {})
    assert told["error"]["code"] == "unknown_event"


async def test_a_csrf_token_that_is_no_text_of_ours_is_a_wrong_one(case: Case) -> None:
    async with frames_of(case.inspector) as frames:
        refused = await enter(frames, case.inspector, csrf="\ud800")
    assert json.loads(refused.partition(",")[2])["data"]["code"] == "csrf_refused"


@pytest.mark.parametrize("seq", [2**31 + 1, 2**63, 10**30])
async def test_a_sequence_number_that_cannot_be_is_refused(case: Case, seq: int) -> None:
    await case.inspector.connect()
    with pytest.raises(Refused) as refused:
        await case.inspector.call("session:join", {"session_id": case.session_id, "after_seq": seq})
    assert (refused.value.code, refused.value.body["field"]) == ("field_invalid", "after_seq")


async def test_long_polling_is_not_spoken(served: Served) -> None:
    stranger = served.person("inspector")
    async with http_of(stranger).get(served.url + "/socket.io/?EIO=4&transport=polling") as response:
        assert response.status == 400


@pytest.mark.parametrize("frame", ["", "x", "9", "7", "b!!!", "bAAAA", "4", "\u0663"])
async def test_a_frame_that_is_none_ends_its_socket_without_a_line_in_the_log(
    case: Case, caplog: pytest.LogCaptureFixture, frame: str
) -> None:
    with caplog.at_level(logging.WARNING):
        async with http_of(case.inspector).ws_connect(
            case.inspector.url + PATH, headers={"Origin": case.inspector.url}
        ) as socket:
            await socket.receive_str()
            await socket.send_str(frame)
            async with asyncio.timeout(10):
                while (await socket.receive()).type == aiohttp.WSMsgType.TEXT:
                    pass
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("frame", [b"", b"abc", bytes(1000)])
async def test_binary_frames_are_passed_over(case: Case, caplog: pytest.LogCaptureFixture, frame: bytes) -> None:
    with caplog.at_level(logging.WARNING):
        async with frames_of(case.inspector) as frames:
            await enter(frames, case.inspector)
            await frames.send(frame)
            told = await answer(frames, case.inspector, 1, "session:join", {"session_id": case.session_id})
    assert told["ok"] is True
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
