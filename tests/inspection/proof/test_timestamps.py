"""Tokens of openssl's own authority, whole and bent, against the check that every verdict rests on."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from examples.verify_package import basics, time_tokens
from inspection.domain.timestamp_chains import is_timestamp_signer, is_usable_key
from inspection.domain.timestamps import TokenCode, TokenFacts, TokenFault, check_token
from tests.inspection.proof.timestamp_authority import HAS_OPENSSL, POLICY, STAMPING, Authority, Issued, issue

pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="openssl is not installed: apt-get install openssl")

DATA = b'{"inspection":"one","size":12}'
HOUR = dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    return authority.token(DATA)


def checked(token: bytes, data: bytes = DATA, *roots: Issued) -> TokenFacts | TokenCode:
    try:
        return check_token(token, data, [one.certificate for one in roots])
    except TokenFault as fault:
        return fault.code


def test_a_token_says_when_its_bytes_were_there_and_who_says_so(authority: Authority, token: bytes) -> None:
    facts = check_token(token, DATA, [authority.root.certificate])
    assert (facts.policy, facts.signer, facts.root) == (POLICY, "测试时间戳机构", "测试根证书")
    assert facts.accuracy_us == 1_500_000
    at = dt.datetime.fromisoformat(facts.gen_time)
    assert dt.datetime.fromisoformat(facts.not_before) == at - dt.timedelta(milliseconds=1500)
    assert dt.datetime.fromisoformat(facts.not_after) == at + dt.timedelta(milliseconds=1500)
    assert abs(at - dt.datetime.now(dt.UTC)) < HOUR


def test_without_a_root_the_signer_is_whoever_the_token_says(token: bytes) -> None:
    facts = check_token(token, DATA, [])
    assert facts.root is None and facts.root_sha256 is None


def test_a_token_over_other_bytes_is_refused(token: bytes) -> None:
    assert checked(token, DATA + b" ") is TokenCode.IMPRINT


def test_another_root_of_the_same_name_is_not_the_root(token: bytes) -> None:
    assert checked(token, DATA, issue("测试根证书", ca=True)) is TokenCode.CHAIN


def test_one_fitting_root_among_several_is_enough(authority: Authority, token: bytes) -> None:
    assert isinstance(checked(token, DATA, issue("别的", ca=True), authority.root), TokenFacts)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize(
    "key",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
    ],
)
def test_every_key_and_digest_of_the_rules_is_read(tmp_path: Path, key: object, digest: str) -> None:
    root = issue("根", ca=True)
    signer = issue("机构", root, purposes=STAMPING, key=key())  # type: ignore[operator]
    made = Authority(tmp_path, signer, root, digest=digest, ess="sha512")
    assert isinstance(checked(made.token(DATA), DATA, root), TokenFacts)


def test_the_old_attribute_with_sha1_is_read(tmp_path: Path) -> None:
    made = Authority.make(tmp_path, ess="sha1")
    assert isinstance(checked(made.token(DATA), DATA, made.root), TokenFacts)


def test_a_chain_by_way_of_an_authority_between_holds(tmp_path: Path) -> None:
    root = issue("根", ca=True)
    middle = issue("中间", root, ca=True, path_length=0)
    signer = issue("机构", middle, purposes=STAMPING)
    assert isinstance(checked(Authority(tmp_path, signer, root, (middle,)).token(DATA), DATA, root), TokenFacts)


def test_a_certificate_that_the_token_lacks_may_come_with_the_package(tmp_path: Path) -> None:
    root = issue("根", ca=True)
    middle = issue("中间", root, ca=True)
    token = Authority(tmp_path, issue("机构", middle, purposes=STAMPING), root).token(DATA)
    assert checked(token, DATA, root) is TokenCode.CHAIN
    assert check_token(token, DATA, [root.certificate], [middle.certificate]).root == "根"


def _no_authority(root: Issued) -> Issued:
    return issue("中间", root, ca=False)


def _run_out(root: Issued) -> Issued:
    return issue("中间", root, ca=True, since=-3 * HOUR, until=-2 * HOUR)


@pytest.mark.parametrize("between", [_no_authority, _run_out])
def test_a_wrong_certificate_between_breaks_the_chain(tmp_path: Path, between: object) -> None:
    root = issue("根", ca=True)
    middle: Issued = between(root)  # type: ignore[operator]
    token = Authority(tmp_path, issue("机构", middle, purposes=STAMPING), root, (middle,)).token(DATA)
    assert checked(token, DATA, root) is TokenCode.CHAIN
    assert isinstance(checked(token), TokenFacts), "the token itself holds"


def test_a_path_longer_than_an_authority_allows_breaks_the_chain(tmp_path: Path) -> None:
    root = issue("根", ca=True)
    upper = issue("上级", root, ca=True, path_length=0)
    middle = issue("中间", upper, ca=True)
    token = Authority(tmp_path, issue("机构", middle, purposes=STAMPING), root, (middle, upper)).token(DATA)
    assert checked(token, DATA, root) is TokenCode.CHAIN


def test_a_root_that_had_run_out_leads_nowhere(tmp_path: Path) -> None:
    root = issue("根", ca=True, since=-3 * HOUR, until=-2 * HOUR)
    token = Authority(tmp_path, issue("机构", root, purposes=STAMPING), root).token(DATA)
    assert checked(token, DATA, root) is TokenCode.CHAIN


def test_certificates_in_a_ring_end_the_search(tmp_path: Path) -> None:
    keys = [issue(f"环{n}", ca=True) for n in range(2)]
    ring = [issue(f"环{n}", issued_by, ca=True, key=keys[n].key) for n, issued_by in ((0, keys[1]), (1, keys[0]))]
    token = Authority(tmp_path, issue("机构", keys[0], purposes=STAMPING), keys[0], tuple(ring)).token(DATA)
    assert checked(token, DATA, issue("根", ca=True)) is TokenCode.CHAIN


def test_a_signer_that_had_run_out_may_not_stamp(tmp_path: Path) -> None:
    root = issue("根", ca=True)
    signer = issue("机构", root, purposes=STAMPING, since=-3 * HOUR, until=-2 * HOUR)
    assert checked(Authority(tmp_path, signer, root).token(DATA)) is TokenCode.SIGNATURE


def test_a_certificate_for_something_else_as_well_may_not_stamp(authority: Authority) -> None:
    """openssl itself refuses to stamp with one, so that the certificates are looked at alone."""
    now = dt.datetime.now(dt.UTC)
    both = issue("机构", authority.root, purposes=(*STAMPING, ExtendedKeyUsageOID.CODE_SIGNING))
    optional = issue("机构", authority.root, purposes=STAMPING, critical=False)
    assert is_timestamp_signer(authority.signer.certificate, now)
    assert not is_timestamp_signer(both.certificate, now)
    assert not is_timestamp_signer(optional.certificate, now)


def test_what_is_no_token_is_unparsable(authority: Authority, token: bytes) -> None:
    no_tokens = [b"", b"\x30", b"\x30\x00", token[:-1], token + b"\0", b"\0" * 65_537, authority.root.pem]
    assert {checked(one) for one in no_tokens} == {TokenCode.UNPARSABLE}


def test_another_signers_certificate_in_its_place_is_refused(
    tmp_path: Path, authority: Authority, token: bytes
) -> None:
    """The signed attributes name the certificate, so that one with the same name and number cannot stand in."""
    held = authority.signer.certificate.public_bytes(Encoding.DER)
    bent = bytearray(held)
    bent[-1] ^= 1
    assert checked(token.replace(held, bytes(bent))) is TokenCode.SIGNATURE


def test_keys_that_are_not_of_the_rules_sign_nothing() -> None:
    keys = [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP521R1())]
    assert not any(is_usable_key(key.public_key()) for key in (*keys, ed25519.Ed25519PrivateKey.generate()))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_byte_makes_a_traceback_or_another_time(
    authority: Authority, token: bytes, data: st.DataObject
) -> None:
    whole = check_token(token, DATA, [authority.root.certificate])
    bent = bytearray(token)
    for _ in range(data.draw(st.integers(1, 4))):
        bent[data.draw(st.integers(0, len(bent) - 1))] = data.draw(st.integers(0, 255))
    result = checked(bytes(bent), DATA, authority.root)
    assert result in tuple(TokenCode) or result == whole


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 2000), inserted=st.binary(max_size=40), dropped=st.integers(0, 40))
@example(cut=0, inserted=b"\x30\x80", dropped=2)
@example(cut=1, inserted=b"\x84\xff\xff\xff\xff", dropped=3)
def test_no_cut_or_insertion_makes_a_traceback(token: bytes, cut: int, inserted: bytes, dropped: int) -> None:
    bent = token[:cut] + inserted + token[cut + dropped :]
    result = checked(bent)
    assert isinstance(result, TokenCode) or bent == token


def test_every_single_byte_of_the_stated_time_counts(authority: Authority, token: bytes) -> None:
    stated = x509.load_pem_x509_certificate(authority.root.pem)  # the same root read again is the same root
    at = token.index(b"\x18\x0f20") + 2
    for index in range(at, at + 15):
        bent = bytearray(token)
        bent[index] ^= 1
        with pytest.raises(TokenFault):
            check_token(bytes(bent), DATA, [stated])


def by_the_short_verifier(token: bytes, root: Issued) -> str:
    try:
        time_tokens.check_token(token, DATA, [root.certificate], [])
    except basics.Broken as broken:
        return str(broken.args[0])
    return "holds"


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_both_readers_of_tokens_agree_on_every_damaged_one(tmp_path: Path) -> None:
    """A chain by way of another authority, so that certificates are damaged that nobody's digest covers."""
    root = issue("根", ca=True)
    middle = issue("中间", root, ca=True)
    signer = issue("机构", middle, purposes=STAMPING, key=rsa.generate_private_key(65537, 2048))
    token = Authority(tmp_path, signer, root, (middle,), digest="sha512", ess="sha1").token(DATA)
    chosen = random.Random(20260506)
    for _ in range(3000):
        bent = bytearray(token)
        for _ in range(chosen.choice((1, 1, 1, 2, 4))):
            bent[chosen.randrange(len(bent))] = chosen.choice((0, 0x30, 0x80, 0xFF, chosen.randrange(256)))
        if chosen.random() < 0.2:
            at = chosen.randrange(len(bent))
            bent[at : at + chosen.randrange(4)] = chosen.randbytes(chosen.randrange(4))
        ours = checked(bytes(bent), DATA, root)
        assert by_the_short_verifier(bytes(bent), root) == ("holds" if isinstance(ours, TokenFacts) else ours)
