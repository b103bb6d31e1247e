"""Checks an evidence package with tools that everybody has: openssl, and a C2PA reader for its pictures.

    python examples/check_by_hand/check_by_hand.py PACKAGE.zip [--key KEY_BASE64] [--root ROOT.pem …]

Every command of openssl is printed, so that it can be repeated by hand. This is no verifier: it looks at the signature
of the manifest, the digests of all members, the last signed head of the ledger, time stamps, and one picture.
`yuntakan verify` looks at the rest. Needs Python >= 3.11 and openssl >= 3; `c2pa-python` for the picture.
Exit status: 0 what was looked at fits, 1 something does not, 2 no package.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import shlex
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
KEY_HEAD = bytes.fromhex("302a300506032b6570032100")
OK, BAD, NOTE = "ok  ", "BAD ", "note"


class Check:
    """One package, unpacked into `folder`."""

    def __init__(self, package: zipfile.ZipFile, folder: Path, roots: list[Path]) -> None:
        self.package, self.folder, self.roots = package, folder, roots
        self.fits = True

    def say(self, what: str, text: str) -> None:
        self.fits &= what != BAD
        print(f"{what} {text}")

    def judge(self, fits: bool, text: str) -> None:
        self.say(OK if fits else BAD, text)

    def openssl(self, *arguments: str | Path) -> tuple[bool, str]:
        """Whether it says yes, and what it prints."""
        words = [str(argument) for argument in arguments]
        print(f"     $ openssl {shlex.join(words)}")
        done = subprocess.run(["openssl", *words], capture_output=True, text=True, cwd=self.folder, check=False)
        return done.returncode == 0, done.stdout + done.stderr

    def signed(self, key: bytes, message: bytes, signature: bytes, name: str) -> bool:
        """An Ed25519 signature (RFC 8032) by openssl."""
        pem = base64.b64encode(KEY_HEAD + key).decode()
        parts = {"pub.pem": f"-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n".encode()}
        parts |= {"message": message, "signature": signature}
        for part, content in parts.items():
            (self.folder / f"{name}.{part}").write_bytes(content)
        return self.openssl(
            "pkeyutl", "-verify", "-pubin", "-inkey", f"{name}.pub.pem", "-rawin",
            "-in", f"{name}.message", "-sigfile", f"{name}.signature",
        )[0]  # fmt: skip

    def read(self, name: str) -> bytes:
        return self.package.read(name)

    def lines(self, name: str) -> list[bytes]:
        return self.read(name).splitlines()


def check(package: zipfile.ZipFile, folder: Path, key: str | None, roots: list[Path]) -> bool:
    looking = Check(package, folder, roots)
    manifest = json.loads(looking.read("manifest.json"))
    _manifest(looking, manifest, key)
    _members(looking, manifest)
    _head(looking, manifest)
    _time_stamps(looking)
    _picture(looking)
    return looking.fits


def _manifest(looking: Check, manifest: dict[str, Any], key: str | None) -> None:
    content = looking.read("manifest.json")
    raw = base64.b64decode(manifest["public_key"])
    message = b"yuntakan-manifest-v1\n" + hashlib.sha256(content).digest()
    fits = looking.signed(raw, message, base64.b64decode(looking.read("manifest.sig")), "manifest")
    looking.judge(fits, "manifest.json is signed by the key that it names")
    if key is None:
        looking.say(NOTE, "the key was not compared with one from the office (--key)")
    else:
        looking.judge(base64.b64decode(key) == raw, "that key is the one given")


def _members(looking: Check, manifest: dict[str, Any]) -> None:
    """Digests by openssl, of the unpacked files."""
    names = [member["name"] for member in manifest["members"]]
    there = set(looking.package.namelist()) - {"manifest.json", "manifest.sig"}
    looking.judge(set(names) == there, f"the package holds the {len(names)} members that are listed, and no others")
    looking.package.extractall(looking.folder / "package", [name for name in names if name in there])
    differing = []
    for at in range(0, len(names), 100):
        some = [name for name in names[at : at + 100] if name in there]
        _, printed = looking.openssl("dgst", "-sha256", "-r", *(f"package/{name}" for name in some))
        found = {line.split(" ", 1)[1].removeprefix("*package/"): line[:64] for line in printed.splitlines()}
        differing += [
            each["name"] for each in manifest["members"][at : at + 100] if found.get(each["name"]) != each["sha256"]
        ]
    looking.judge(not differing, f"their SHA-256 are those of the manifest {', '.join(differing)}".rstrip())


def _head(looking: Check, manifest: dict[str, Any]) -> None:
    line = looking.lines("checkpoints.jsonl")[-1]
    head = json.loads(line)
    keys = [base64.b64decode(json.loads(each)["public_key"]) for each in looking.lines("keys.jsonl")]
    key = next((each for each in keys if hashlib.sha256(each).hexdigest()[:16] == head["key"]), None)
    looking.judge(key is not None, "the key of the last signed head stands in keys.jsonl")
    unsigned = json.dumps(
        {name: value for name, value in head.items() if name != "sig"},
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    ).encode()  # fmt: skip
    message = b"yuntakan-checkpoint-v1\n" + hashlib.sha256(unsigned).digest()
    if key is not None:
        looking.judge(
            looking.signed(key, message, base64.b64decode(head["sig"]), "head"), "the last head is signed by it"
        )
    hashes = [bytes.fromhex(json.loads(each)["hash"]) for each in looking.lines("ledger.jsonl")]
    leaves = [hashlib.sha256(b"\0" + each).digest() for each in hashes]
    fits = head["size"] == len(leaves) == manifest["ledger"]["entries"] and _root(leaves).hex() == head["root"]
    looking.judge(fits, f"it is over the {len(leaves)} entries of ledger.jsonl (RFC 6962)")


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _root(leaves[:split]) + _root(leaves[split:])).digest()


def _time_stamps(looking: Check) -> None:
    """Each token is over the line of the checkpoint of the size in its name."""
    heads = {json.loads(line)["size"]: line for line in looking.lines("checkpoints.jsonl")}
    tokens = [name for name in looking.package.namelist() if name.startswith("timestamps/")]
    if not tokens:
        looking.say(NOTE, "there is no time stamp of an outside authority")
    for name in tokens:
        line = heads.get(int(Path(name).name.partition("-")[0]))
        if line is None:
            looking.say(BAD, f"{name} is over no checkpoint of this package")
            continue
        (looking.folder / "stamped").write_bytes(line)
        if looking.roots:
            _verify_stamp(looking, name)
        else:
            _, printed = looking.openssl("ts", "-reply", "-token_in", "-in", f"package/{name}", "-token_out", "-text")
            at = next((text.partition(": ")[2] for text in printed.splitlines() if text.startswith("Time stamp")), "?")
            looking.say(NOTE, f"{name} says {at}; its authority was not checked (--root)")


def _verify_stamp(looking: Check, name: str) -> None:
    anchors = looking.folder / "roots.pem"
    anchors.write_bytes(b"\n".join(root.read_bytes() for root in looking.roots))
    handed = sorted((looking.folder / "package" / "certificates").glob("*.pem"))
    (looking.folder / "handed.pem").write_bytes(b"\n".join(each.read_bytes() for each in handed) + b"\n")
    untrusted = ["-untrusted", "handed.pem"] if handed else []
    fits, printed = looking.openssl(
        "ts", "-verify", "-token_in", "-in", f"package/{name}", "-data", "stamped", "-CAfile", "roots.pem", *untrusted
    )
    looking.judge(fits, f"{name} is a time stamp over a head of this package, under a given root")
    if not fits:
        print(printed.strip())


def _picture(looking: Check) -> None:
    pictures = sorted(name for name in looking.package.namelist() if name.startswith("stills_c2pa/"))
    if not pictures:
        looking.say(NOTE, "there is no picture with content credentials")
        return
    try:
        import c2pa
    except ImportError:
        looking.say(NOTE, "no C2PA reader here (pip install c2pa-python), or open the picture with any other")
        return
    content = looking.read(pictures[0])
    settings: dict[str, Any] = {"verify": {"verify_trust": True, "remote_manifest_fetch": False}}
    if looking.roots:
        settings["trust"] = {"user_anchors": "\n".join(root.read_text("ascii") for root in looking.roots)}
    context = c2pa.Context(settings=c2pa.Settings.from_dict(settings))
    try:
        reader = c2pa.Reader("image/jpeg", io.BytesIO(content), context=context)
        state, told = reader.get_validation_state(), json.loads(reader.json())
    except c2pa.C2paError as error:
        looking.say(BAD, f"{pictures[0]}: {error}")
        return
    looking.judge(state in ("Valid", "Trusted"), f"{pictures[0]}: a C2PA reader says {state}")
    if state == "Valid":
        looking.say(NOTE, "its signer is not under a given root (--root)")
    said = next(iter(_assertions(told)), {})
    entry = json.loads(looking.lines("ledger.jsonl")[said.get("seq", 1) - 1])
    looking.judge(
        said.get("entry_hash") == entry["hash"], f"it names entry {entry['seq']} of this ledger, a {entry['kind']}"
    )


def _assertions(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in told["manifests"][told["active_manifest"]]["assertions"]:
        if assertion["label"] == "org.yuntakan.inspection":
            yield assertion["data"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks an evidence package with openssl and a C2PA reader.")
    parser.add_argument("package", type=Path)
    parser.add_argument("--key", help="the office's public key in base64, from the office itself")
    parser.add_argument("--root", type=Path, action="append", default=[], help="PEM: an authority's root (repeatable)")
    given = parser.parse_args()
    try:
        with zipfile.ZipFile(given.package) as package, tempfile.TemporaryDirectory() as folder:
            roots = [root.resolve() for root in given.root]
            return 0 if check(package, Path(folder), given.key, roots) else 1
    except (zipfile.BadZipFile, OSError) as error:
        print(f"{given.package}: {error}", file=sys.stderr)
        return 2
    except (KeyError, ValueError, IndexError, TypeError) as error:
        print(f"{BAD} {given.package} is no evidence package of this format: {type(error).__name__}: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
