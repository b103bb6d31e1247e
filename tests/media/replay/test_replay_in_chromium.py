"""A browser plays the viewing copy and jumps in it: what it shows is the frame of that moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from media.replay_mux import write_replay
from tests.e2e.browsers import chromium
from tests.media.clips import START_US, encode_h264, encode_vp8, header_of, tone_packets, video_packets, write_journal

pytestmark = [pytest.mark.e2e]

CONTENT_TYPES = {".webm": "video/webm", ".mp4": "video/mp4", ".fmp4": "video/mp4"}

PAGE = """<video id=v src=/film preload=auto></video><canvas id=c></canvas><script>
const v = document.getElementById('v'), c = document.getElementById('c')
const shown = () => { c.width = v.videoWidth; c.height = v.videoHeight
  const g = c.getContext('2d'); g.drawImage(v, 0, 0); let n = 0
  for (let bit = 0; bit < 12; bit++) n |= (g.getImageData(bit * 16 + 8, 8, 1, 1).data[0] > 127) << bit
  return [n, v.videoWidth, v.videoHeight] }
// Where the size changes, the picture is the frame's a moment before its size is, or after.
const settled = done => v.seeking ? v.addEventListener('seeked', () => settled(done), { once: true })
  : requestAnimationFrame(() => requestAnimationFrame(() => done(shown())))
const jump = at => new Promise((done, failed) => {
  v.onerror = () => failed(new Error(v.error.message))
  // A frame of before the jump may still be on its way to the screen.
  const look = (now, frame) => Math.abs(frame.mediaTime - at) < 0.2 ? settled(done) : v.requestVideoFrameCallback(look)
  v.requestVideoFrameCallback(look)
  v.currentTime = at })
</script>"""


@asynccontextmanager
async def served(film: Path) -> AsyncIterator[str]:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def replay(request: web.Request) -> web.FileResponse:
        return web.FileResponse(film, headers={"Content-Type": CONTENT_TYPES[film.suffix]})

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/film", replay)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("codec", "container"), [("VP8", "webm"), ("H264", "mp4"), ("VP8", "fmp4")])
async def test_chromium_plays_it_and_jumps_to_any_moment(tmp_path: Path, codec: str, container: Any) -> None:
    encode = encode_h264 if codec == "H264" else encode_vp8
    first = video_packets(encode(range(150), keyframes=[90]), codec=codec)
    turned = encode(range(1000, 1090), width=240, height=320)
    write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video", codec=codec), first)
    again = video_packets(turned, codec=codec, ssrc=9, start_us=START_US + 6_000_000)
    write_journal(tmp_path / "journal" / "w.ytj", header_of("w", "video", codec=codec), again)
    write_journal(tmp_path / "journal" / "a.ytj", header_of("a", "audio"), tone_packets(9))
    film = tmp_path / "derived" / f"replay.{container}"
    replay = write_replay(tmp_path, film, container)
    async with chromium() as browser, served(film) as url:
        page = await browser.new_page()
        await page.goto(url)
        await page.wait_for_function("v.readyState >= 2")
        assert abs(await page.evaluate("v.duration") * 1000 - replay.duration_ms) < 100
        for at_s, number, size in [(4.2, 126, [320, 240]), (1.0, 30, [320, 240]), (7.5, 1045, [240, 320])]:
            shown = await page.evaluate("at => jump(at)", at_s + 0.01)
            assert abs(shown[0] - number) <= 1
            assert shown[1:] == size
        await page.evaluate("v.currentTime = 0.5; v.play()")
        await page.wait_for_function("v.currentTime > 1.5 && v.getVideoPlaybackQuality().totalVideoFrames > 20")
        assert await page.evaluate("v.webkitAudioDecodedByteCount") > 0
