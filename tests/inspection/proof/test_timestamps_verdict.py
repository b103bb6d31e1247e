"""What a verdict says about time, on packages with real tokens."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from inspection.domain.challenges import challenge_code
from inspection.domain.verification import Verdict
from inspection.domain.verification_package import Asked
from inspection.store.package_files import verify_file
from tests.inspection.proof.builder import LI, SESSION, Case, still_payload
from tests.inspection.proof.timestamp_authority import HAS_OPENSSL, Authority

pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="openssl is not installed: apt-get install openssl")

JPEG = b"\xff\xd8 with a code \xff\xd9"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    case = Case(tmp_path)
    case.open()
    case.record()
    return case


def challenge(case: Case, challenge_id: str = "challenge1", **changed: Any) -> str:
    head = case.checkpoint()
    code = challenge_code(head.root_bytes, challenge_id)
    about = {"session_id": SESSION, "challenge_id": challenge_id, "code": code, "size": head.size, "root": head.root}
    case.add("challenge", {**about, **changed}, LI)
    return code


def still_of(case: Case, challenge_id: str) -> None:
    file = f"{SESSION}/stills/still1.jpg"
    case.keep(file, JPEG)
    case.add("still", {**still_payload("still1", file, JPEG), "reason": "challenge", "challenge_id": challenge_id}, LI)


def verdict(case: Case, authority: Authority | None = None) -> Verdict:
    roots = () if authority is None else (authority.root.certificate,)
    return verify_file(case.export(), asked=Asked(roots=roots))


def said(verdict: Verdict) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    return {one.key: one.values for one in verdict.proven}, {one.key: one.values for one in verdict.claimed}


def test_a_still_of_a_challenge_lies_between_two_stamps(case: Case, authority: Authority) -> None:
    first = case.stamp(authority.token, is_test=False)
    code = challenge(case)
    still_of(case, "challenge1")
    case.stamp(authority.token, number=2, is_test=False)
    found = verdict(case, authority)
    assert found.first_problem is None
    proven, claimed = said(found)
    assert proven["between"]["code"] == code and proven["between"]["authority"] == "测试根证书"
    assert proven["between"]["first"] < proven["between"]["last"]
    assert proven["not_later"]["size"] > first.seq
    assert "stamps_of_test" not in claimed and "no_outside_time" not in claimed
    words = next(line for line in found.to_json()["proven"] if "口令" in line)
    assert "不早于" in words and "不晚于" in words and "(机构 测试根证书);手机、服务器时钟为自述。" in words


def test_without_a_later_stamp_only_the_beginning_is_proven(case: Case, authority: Authority) -> None:
    case.stamp(authority.token, is_test=False)
    challenge(case)
    still_of(case, "challenge1")
    proven, _ = said(verdict(case, authority))
    assert "not_earlier" in proven and "between" not in proven


def test_a_stamp_over_the_root_itself_does_not_say_not_earlier(case: Case, authority: Authority) -> None:
    """The stamped root may be much older than its stamp: only a root that commits to the token is younger."""
    challenge(case)
    case.stamp(authority.token, is_test=False)
    proven, _ = said(verdict(case, authority))
    assert "not_earlier" not in proven and "between" not in proven


def test_a_test_authority_proves_nothing(case: Case, authority: Authority) -> None:
    case.stamp(authority.token, is_test=True)
    challenge(case)
    still_of(case, "challenge1")
    case.stamp(authority.token, number=2, is_test=True)
    found = verdict(case, authority)
    proven, claimed = said(found)
    assert not {"between", "not_earlier", "not_later"} & set(proven)
    assert "测试时间戳,无证明力" in found.to_json()["claimed"]
    assert "stamps_of_test" in claimed


def test_without_the_root_nothing_is_proven(case: Case, authority: Authority) -> None:
    case.stamp(authority.token, is_test=False)
    challenge(case)
    proven, claimed = said(verdict(case))
    assert not {"between", "not_earlier", "not_later"} & set(proven)
    assert claimed["stamps_unchecked"] == {"count": 1}


def test_a_missing_stamp_that_was_declared_is_listed(case: Case) -> None:
    case.add("timestamp_failed", {"authority": "机构", "size": 3, "cause": "unreachable"})
    found = verdict(case)
    assert found.first_problem is None
    assert said(found)[1]["stamps_failed"] == {"count": 1}


@pytest.mark.parametrize(
    "changed",
    [{"code": "abcdef"}, {"root": hashlib.sha256(b"other").hexdigest()}, {"size": 999}, {"size": 1}],
)
def test_a_code_that_is_not_the_ledgers_breaks(case: Case, changed: dict[str, Any]) -> None:
    challenge(case, **changed)
    problem = verdict(case).first_problem
    assert problem is not None
    assert (problem.code.value, problem.where) == ("challenge_code", f"ledger.jsonl entry {len(case.entries)}")


def test_clocks_are_told_as_claims(case: Case) -> None:
    clock = {"session_id": SESSION}
    case.add("clock", {**clock, "source": "ntp", "synchronised": False, "offset_us": 12})
    case.add("clock", {**clock, "source": "relay", "step_us": -61_500_000})
    case.add("phone_clock", {**clock, "participant_id": "p1", "offset_ms": -9_400, "round_trip_ms": 30})
    _, claimed = said(verdict(case))
    assert claimed["clock_free"] == {"count": 1}
    assert claimed["clock_stepped"] == {"count": 1, "seconds": "61.5"}
    assert claimed["phone_clock"] == {"seconds": "9.4"}
