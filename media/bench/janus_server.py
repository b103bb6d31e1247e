"""Janus (C) as the other relay: Debian's package, started here on an address of this machine, videoroom plugin."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from media.bench.janus_wire import (
    PLUGIN,
    JanusError,
    JanusWire,
    jsep,
    publish_request,
    room_request,
    subscribe_request,
)

START_DEADLINE_S, STOP_DEADLINE_S, POLL_S = 20.0, 10.0, 0.05
START_TRIES = 10
LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")

CORE_CONFIG = """general: {{
  configs_folder = "{folder}"
  plugins_folder = "{plugins}"
  transports_folder = "{transports}"
  debug_level = 2
  session_timeout = 0
}}
media: {{ ipv6 = false }}
nat: {{ ice_enforce_list = "{address}" }}
plugins: {{ disable = "{unused_plugins}" }}
transports: {{ disable = "{unused_transports}" }}
"""
SOCKET_CONFIG = """general: {{
  enabled = true
  json = "compact"
  path = "{path}"
  type = "SOCK_SEQPACKET"
}}
admin: {{ admin_enabled = false }}
"""
ROOMS_CONFIG = "general: { }\n"


def find_janus() -> str | None:
    """Why Janus cannot be measured here, None where it can."""
    if shutil.which("janus") is None:
        return "Janus is not installed (Debian: apt install janus)"
    if find_modules() is None:
        return "Janus is installed without its videoroom plugin or its Unix socket transport"
    return None


def find_modules() -> Path | None:
    """The folder that holds Janus' `plugins` and `transports`."""
    for library in LIBRARIES:
        for found in Path(library).glob("**/janus/plugins/libjanus_videoroom.so"):
            folder = found.parent.parent
            if (folder / "transports" / "libjanus_pfunix.so").exists():
                return folder
    return None


def write_config(folder: Path, modules: Path, address: str) -> Path:
    """Only what the comparison needs is loaded. Returns the path of the socket."""
    socket_path = folder / "janus.sock"
    config = CORE_CONFIG.format(
        folder=folder,
        plugins=modules / "plugins",
        transports=modules / "transports",
        address=address,
        unused_plugins=_others(modules / "plugins", "videoroom"),
        unused_transports=_others(modules / "transports", "pfunix"),
    )
    (folder / "janus.jcfg").write_text(config)
    (folder / "janus.transport.pfunix.jcfg").write_text(SOCKET_CONFIG.format(path=socket_path))
    (folder / "janus.plugin.videoroom.jcfg").write_text(ROOMS_CONFIG)
    return socket_path


def _others(folder: Path, wanted: str) -> str:
    return ",".join(sorted(path.name for path in folder.glob("*.so") if wanted not in path.name))


class JanusServer:
    """Owner of the process and of the connection to it; the part of `RelayPort` that a bench needs."""

    def __init__(self, process: asyncio.subprocess.Process, wire: JanusWire, session: int) -> None:
        self._process = process
        self._wire = wire
        self._session = session
        self._rooms: dict[str, int] = {}
        self._feeds: dict[str, tuple[int, int]] = {}
        self._handles: dict[str, int] = {}

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def start(cls, folder: Path, address: str) -> JanusServer:
        """Raises JanusError where it cannot be started."""
        missing, modules = find_janus(), find_modules()
        if missing is not None or modules is None:
            raise JanusError(missing or "Janus is not installed")
        socket_path = write_config(folder, modules, address)
        for _ in range(START_TRIES):
            process, wire = await _launch(folder, socket_path)
            if wire is None:
                await _stop(process)
                continue
            created = await wire.request("create")
            return cls(process, wire, created["data"]["id"])
        raise JanusError("Janus did not come up")

    async def open_session(self, session_id: str, directory: str) -> None:
        room = self._rooms[session_id] = len(self._rooms) + 1
        await self._ask(await self._attach(), room_request(room))

    async def set_recording(self, session_id: str, on: bool) -> None:
        """It only passes on."""

    async def add_up_peer(
        self, session_id: str, peer_id: str, participant_id: str, role: str, sdp: str
    ) -> dict[str, str]:
        handle = await self._attach()
        event = await self._tell(handle, publish_request(self._rooms[session_id]), jsep=jsep("offer", sdp))
        self._feeds[session_id] = (handle, event["plugindata"]["data"]["id"])
        return {"sdp": event["jsep"]["sdp"]}

    async def add_down_peer(self, session_id: str, peer_id: str, participant_id: str, role: str) -> dict[str, str]:
        sending, feed = self._feeds[session_id]
        await self._wire.wait_up(sending)  # before that there is no such feed
        handle = self._handles[peer_id] = await self._attach()
        event = await self._tell(handle, subscribe_request(self._rooms[session_id], feed))
        return {"sdp": event["jsep"]["sdp"]}

    async def accept_answer(self, session_id: str, peer_id: str, sdp: str) -> None:
        await self._tell(self._handles[peer_id], {"request": "start"}, jsep=jsep("answer", sdp))

    async def aclose(self) -> None:
        await self._wire.aclose()
        await _stop(self._process)

    async def _attach(self) -> int:
        attached = await self._wire.request("attach", session_id=self._session, plugin=PLUGIN)
        return int(attached["data"]["id"])

    async def _ask(self, handle: int, body: dict[str, Any]) -> dict[str, Any]:
        """A request that is answered at once."""
        return await self._wire.request("message", session_id=self._session, handle_id=handle, body=body)

    async def _tell(self, handle: int, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A request that is answered by an event."""
        return await self._wire.request(
            "message", wants_event=True, session_id=self._session, handle_id=handle, body=body, **more
        )


async def _launch(folder: Path, socket_path: Path) -> tuple[asyncio.subprocess.Process, JanusWire | None]:
    """Janus 1.1.2 sometimes ends at once: its socket's thread may look for its flag before that is set."""
    with (folder / "janus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "janus", "--configs-folder", str(folder), "--disable-colors", stdout=log, stderr=log
        )
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_DEADLINE_S
    while loop.time() < deadline and process.returncode is None:
        try:
            return process, await JanusWire.connect(str(socket_path))
        except OSError:
            await asyncio.sleep(POLL_S)
    return process, None


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_DEADLINE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
