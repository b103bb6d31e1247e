from __future__ import annotations

import asyncio
import io
import json
import threading

import cv2
import numpy as np
import pytest
from argon2 import PasswordHasher

from inspection.domain.errors import InspectionError
from inspection.domain.templates import SIGNBOARD_ITEM_ID, RemoteEffect
from inspection.store.clock import SystemClock, SystemRandom
from inspection.store.passwords import Argon2Passwords
from inspection.store.pepper import load_or_create_pepper
from inspection.store.pictures import LimitedPictures
from inspection.store.sms_outbox import ConsoleSms
from inspection.store.templates_file import load_templates
from tests.inspection.services.office import FixedClock

pytestmark = pytest.mark.integration


async def test_the_outbox_keeps_each_message_as_a_line_that_only_the_owner_reads(tmp_path):
    console, outbox = io.StringIO(), tmp_path / "outbox" / "sms.jsonl"
    sms = ConsoleSms(outbox, FixedClock(), console)
    await sms.send("13800001234", "验证码1\n23")
    await sms.send("13800001234", "验证码456")
    lines = [json.loads(line) for line in outbox.read_text("utf-8").splitlines()]
    assert [line["text"] for line in lines] == ["验证码1\n23", "验证码456"]
    assert lines[0] == {"at": "2026-05-06T01:30:00.000Z", "phone": "13800001234", "text": "验证码1\n23"}
    assert outbox.stat().st_mode & 0o777 == 0o600
    assert console.getvalue().startswith("SMS 138****1234: 验证码1"), "logs hold no whole number"


async def test_an_outbox_that_cannot_be_written_is_unavailable(tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(InspectionError, match="sms_unavailable"):
        await ConsoleSms(tmp_path / "outbox" / "sms.jsonl", FixedClock(), io.StringIO()).send("13800001234", "x")


def lines_of(outbox) -> list[str]:
    return outbox.read_text("utf-8").splitlines()


async def test_forgetting_a_number_keeps_every_other_line_also_those_that_a_crash_tore(tmp_path):
    sms, outbox = ConsoleSms(tmp_path / "sms.jsonl", FixedClock(), io.StringIO()), tmp_path / "sms.jsonl"
    await sms.send("13800001234", "first\u2028line")
    await sms.send("13900005678", "其他")
    with outbox.open("ab") as file:
        file.write(b'[1]\n{"at":"2026-05-06T01:30:00.000Z","phone":"13900\n{"at":"x","phone":"13800001234","te')
    await sms.forget("13800001234")
    kept = lines_of(outbox)
    assert json.loads(kept[0])["text"] == "其他"
    assert kept[1:] == ["[1]", '{"at":"2026-05-06T01:30:00.000Z","phone":"13900']
    assert outbox.stat().st_mode & 0o777 == 0o600


async def test_a_message_after_a_torn_line_stands_in_a_line_of_its_own(tmp_path):
    (tmp_path / "sms.jsonl").write_bytes('{"at":"x","phone":"139","text":"验'.encode()[:-1])
    await ConsoleSms(tmp_path / "sms.jsonl", FixedClock(), io.StringIO()).send("13800001234", "whole")
    assert json.loads((tmp_path / "sms.jsonl").read_bytes().splitlines()[1])["text"] == "whole"


async def test_no_message_is_lost_that_is_sent_while_a_number_is_forgotten(tmp_path):
    here, there = (ConsoleSms(tmp_path / "sms.jsonl", FixedClock(), io.StringIO()) for _ in range(2))

    async def send_all():
        for number in range(100):
            await here.send("13900005678", str(number))

    async def forget_until(sending: asyncio.Task[None]):
        while not sending.done():
            await there.forget("13800001234")

    sending = asyncio.create_task(send_all())
    await forget_until(sending)
    await sending
    assert [json.loads(line)["text"] for line in lines_of(tmp_path / "sms.jsonl")] == [str(n) for n in range(100)]


def test_the_pepper_is_made_once_and_only_the_owner_reads_it(tmp_path):
    path = tmp_path / "keys" / "pepper"
    first = load_or_create_pepper(path)
    assert load_or_create_pepper(path) == first
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_pepper_is_refused(tmp_path):
    (tmp_path / "pepper").write_bytes(b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        load_or_create_pepper(tmp_path / "pepper")


def quick() -> Argon2Passwords:
    return Argon2Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def test_a_password_fits_its_hash_and_nobody_fits_an_unknown_user():
    passwords = quick()
    kept = await passwords.hash("correct horse")
    assert kept.startswith("$argon2id$")
    assert await passwords.verify(kept, "correct horse")
    assert not await passwords.verify(kept, "wrong horse")
    assert not await passwords.verify(None, "nobody has this password")
    assert not await passwords.verify("no hash at all", "correct horse")
    await passwords.aclose()
    await passwords.aclose()


async def test_too_many_sign_ins_at_once_are_refused_at_once():
    gate = threading.Event()

    class Gated(PasswordHasher):
        def hash(self, password, *, salt=None):
            gate.wait(30)
            return "x"

    passwords = Argon2Passwords(Gated())
    waiting = [asyncio.create_task(passwords.hash("x")) for _ in range(32)]
    await asyncio.sleep(0)
    with pytest.raises(InspectionError, match="busy"):
        await passwords.hash("x")
    gate.set()
    assert await asyncio.gather(*waiting) == ["x"] * 32
    await passwords.aclose()


@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp"])
async def test_a_picture_comes_out_as_a_smaller_jpeg_without_its_metadata(extension):
    picture = np.random.default_rng(1).integers(0, 255, (300, 5000, 3), np.uint8)
    done, encoded = cv2.imencode(extension, picture)
    assert done
    kept = await LimitedPictures().reencode(bytes(encoded) + b"secret metadata at the end")
    assert kept.startswith(b"\xff\xd8\xff")
    assert b"secret metadata" not in kept
    decoded = cv2.imdecode(np.frombuffer(kept, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (154, 2560, 3)


async def test_a_picture_of_too_many_pixels_is_no_picture():
    done, encoded = cv2.imencode(".png", np.zeros((8000, 8000), np.uint8))
    assert done
    with pytest.raises(InspectionError, match="picture_invalid"):
        await LimitedPictures().reencode(bytes(encoded))


def test_the_shipped_templates_start_at_the_signboard_and_only_guide():
    templates = load_templates()
    assert [template.id for template in templates] == ["food_business", "public_place"]
    for template in templates:
        assert template.items[0].id == SIGNBOARD_ITEM_ID
        assert template.remote_effect is RemoteEffect.GUIDANCE_ONLY
        assert all(item.title and item.clause and item.hint for item in template.items)


def test_a_template_with_an_item_twice_is_refused(tmp_path):
    item = {"id": "a", "title": "a", "clause": "", "hint": ""}
    template = {
        "id": "t",
        "name": "t",
        "clause": "",
        "remote_effect": "guidance_only",
        "legal_basis": "",
        "items": [item, item],
    }
    (tmp_path / "t.json").write_text(json.dumps(template))
    with pytest.raises(ValueError, match="two items have the same id"):
        load_templates(tmp_path)


def test_the_machines_clock_is_aware_and_its_randomness_is_not_the_same_twice():
    assert SystemClock().now().utcoffset() is not None
    assert SystemRandom().token_bytes(16) != SystemRandom().token_bytes(16)
