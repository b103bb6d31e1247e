"""The console command. Parsers here, work in `web.cli_*`, imported when it is asked for, so that help is at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from web.console import FAILED, MISUSED, CommandFailed

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

Run = Callable[[argparse.Namespace], int]

#: Recordings, codes and keys are the office's alone, also in a data folder that somebody made open to all.
PRIVATE = 0o077


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 done; 1 it did not succeed; 2 it was asked wrongly, or (verify) the file is no ZIP."""
    os.umask(PRIVATE)
    arguments = make_parser(list(sys.argv[1:] if argv is None else argv)).parse_args(argv)
    run: Run = arguments.run
    try:
        return run(arguments)
    except CommandFailed as failed:
        return _fail(str(failed), failed.status)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        return _fail(f"{named}{error.strerror or error}", FAILED)
    except Exception as error:
        return _fail(_refusal(error), FAILED)


def make_parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The whole parser; the benchmark's own options are read only where `argv` asks for it."""
    parser = argparse.ArgumentParser(
        prog="yuntakan",
        description="YunTaKan: remote video inspection for approval offices. One server, one data folder.",
        epilog="Settings may also come from variables named YUNTAKAN_…; see docs/operations.md.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_serve(commands)
    _add_demo(commands)
    _add_user(commands)
    _add_keys(commands)
    _add_export(commands)
    _add_verify(commands)
    _add_check(commands)
    _add_erase(commands)
    _add_hold(commands)
    _add_doctor(commands)
    _add_turn_config(commands)
    _add_bench(commands, argv)
    return parser


def _command(commands: Commands, name: str, description: str) -> argparse.ArgumentParser:
    first_sentence = description.split(".", maxsplit=1)[0]
    return commands.add_parser(name, help=first_sentence[0].lower() + first_sentence[1:], description=description)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="the office's data folder (default ./data)")


def _add_network(parser: argparse.ArgumentParser) -> None:
    """The flags of everything that starts or examines a server. None means: from the environment, or the default."""
    _add_data(parser)
    parser.add_argument("--port", type=int, help="TCP port of the pages (default 8443)")
    parser.add_argument("--host", help="address to listen on (default: all; behind a proxy: loopback)")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate with its chain, PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, PEM, without a password")
    parser.add_argument(
        "--behind-proxy", action="store_const", const=True, help="speak plain HTTP to a reverse proxy that holds TLS"
    )
    parser.add_argument(
        "--trusted-proxies", metavar="CIDR,…", help="networks whose X-Forwarded headers are believed, and no others"
    )
    parser.add_argument("--public-url", metavar="URL", help="https origin that people use, where a proxy changes it")
    parser.add_argument("--public-address", metavar="IP", help="address of this server for media, behind 1:1 NAT")
    parser.add_argument("--udp-ports", metavar="A-B", help="UDP port range for media (default: any free ports)")


def _add_serve(commands: Commands) -> None:
    parser = _command(
        commands, "serve", "Run the server until Ctrl-C or SIGTERM. Makes what is missing in the data folder."
    )
    _add_network(parser)
    parser.set_defaults(run=_later("web.cli_serve", "serve"))


def _add_demo(commands: Commands) -> None:
    parser = _command(
        commands,
        "demo",
        "Run the server with one prepared inspection, and a robot applicant that walks through it. "
        "Prints links, QR codes and fresh passwords. For trying out on a LAN, never for real cases.",
    )
    _add_network(parser)
    parser.add_argument("--no-robot", action="store_true", help="leave the applicant's part to your phone")
    parser.add_argument(
        "--check", action="store_true", help="run the whole job once without a person, verify its package, and end"
    )
    parser.set_defaults(run=_later("web.demo", "demo"))


def _add_user(commands: Commands) -> None:
    user = _command(commands, "user", "Manage the accounts of staff. The password is asked for, or read from a pipe.")
    actions = user.add_subparsers(metavar="ACTION", required=True)
    add = _command(actions, "add", "Add an inspector or an auditor. Applicants have no accounts.")
    add.add_argument("username", metavar="USERNAME", help="2 to 32 of a-z, 0-9, dot, hyphen, underscore")
    add.add_argument("--name", required=True, help="the person's name, as applicants see it")
    add.add_argument("--role", required=True, choices=("inspector", "auditor"))
    add.add_argument("--unit", default="", help="department, as applicants see it")
    add.add_argument("--badge", default="", help="number of the work card")
    add.set_defaults(run=_later("web.cli_user", "add"))
    password = _command(actions, "password", "Set a new password. Whoever is signed in with the old one is signed out.")
    password.add_argument("username", metavar="USERNAME")
    password.set_defaults(run=_later("web.cli_user", "password"))
    for action in (add, password):
        action.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input, 10 to 128 characters"
        )
        _add_data(action)


def _add_keys(commands: Commands) -> None:
    keys = _command(commands, "keys", "Look after the keys that sign the ledger.")
    actions = keys.add_subparsers(metavar="ACTION", required=True)
    show = _command(actions, "show", "Print every key of the office: number, id, public key for verify --trust, since.")
    show.add_argument("--json", action="store_true", help="the history as packages hold it, a line for each key")
    show.set_defaults(run=_later("web.cli_keys", "show"))
    rotate = _command(
        actions,
        "rotate",
        "Hand over to a new key, which the old one signs for the last time. Refused while a server runs on the folder.",
    )
    to = rotate.add_mutually_exclusive_group()
    to.add_argument("--to-command", metavar="COMMAND", help="the new key is held by this command (see operations.md)")
    to.add_argument("--to-file", action="store_true", help="the new key is a file, the one before was a command's")
    rotate.set_defaults(run=_later("web.cli_keys", "rotate"))
    for action in (show, rotate):
        _add_data(action)


def _add_export(commands: Commands) -> None:
    parser = _command(
        commands,
        "export",
        "Write the evidence package of an inspection, or go on with an interrupted one. The export itself is recorded.",
    )
    parser.add_argument("inspection", metavar="INSPECTION", help="its number (YTK-2026-00001) or id")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", required=True, help="the ZIP to write")
    parser.add_argument(
        "--audience",
        choices=("office", "applicant", "court"),
        default="office",
        help="for whom: the applicant's copy leaves out notes that officers made for themselves",
    )
    _add_data(parser)
    parser.set_defaults(run=_later("web.cli_package", "export"))


def _add_verify(commands: Commands) -> None:
    parser = _command(
        commands,
        "verify",
        "Verify an evidence package without any server. Exit status 0: whole; 1: broken; 2: no ZIP at all.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the package")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.add_argument(
        "--trust",
        metavar="KEY_OR_ROOT",
        action="append",
        default=[],
        help="the office's public key (base64, hex, PEM, or a file), or the file of a root certificate "
        "of a time-stamping authority or of pictures; may be repeated",
    )
    parser.add_argument(
        "--receipt",
        metavar="FILE|CODE",
        action="append",
        default=[],
        help="a receipt that somebody outside the office holds; may be repeated",
    )
    parser.add_argument("--deep", action="store_true", help="decode the recording and find every still in it again")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes to work with (default: one for each core)")
    parser.add_argument("--language", choices=("zh-CN", "en"), help="of the sentences (default: the terminal's)")
    parser.set_defaults(run=_later("web.cli_package", "verify"))


def _add_check(commands: Commands) -> None:
    parser = _command(
        commands,
        "check",
        "Check the office's own data: rows against ledger, ledger against its chain, files against digests. "
        "Changes nothing. Exit status 1 where something does not fit.",
    )
    parser.add_argument("inspection", metavar="INSPECTION", nargs="?", help="number or id (default: all)")
    _add_data(parser)
    parser.set_defaults(run=_later("web.cli_package", "check"))


def _add_erase(commands: Commands) -> None:
    parser = _command(
        commands,
        "erase",
        "Erase personal data for good, by retention class. Destroys its keys and files and records the act; refused "
        "under a hold, before the inspection is concluded and while the data has to be kept.",
    )
    parser.add_argument("inspection", metavar="INSPECTION", nargs="?", help="number or id")
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        choices=("media", "person", "text"),
        help="recordings and pictures, who people are, what they wrote (repeatable)",
    )
    parser.add_argument("--basis", metavar="TEXT", help="the legal basis, as it goes on record")
    parser.add_argument("--expired", action="store_true", help="everything whose time to be kept is over")
    parser.add_argument("--dry-run", action="store_true", help="with --expired: only list it")
    _add_data(parser)
    parser.set_defaults(run=_later("web.cli_erase", "erase_data"))


def _add_hold(commands: Commands) -> None:
    parser = _command(commands, "hold", "Keep an inspection from being erased, or let it go. Recorded with its reason.")
    parser.add_argument("inspection", metavar="INSPECTION", help="number or id")
    parser.add_argument("hold", choices=("on", "off"))
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why, as it goes on record")
    _add_data(parser)
    parser.set_defaults(run=_later("web.cli_erase", "hold"))


def _add_doctor(commands: Commands) -> None:
    parser = _command(
        commands,
        "doctor",
        "Say what would keep people out: certificate, ports, public address, disk, fonts, database, relay. "
        "With --server it looks at a server from another machine, as a phone would. "
        "Exit status 1 where something is not reachable or would fail.",
    )
    _add_network(parser)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON, each with a stable code")
    parser.add_argument("--language", choices=("zh-CN", "en"), help="of the findings (default: the terminal's)")
    parser.add_argument("--server", metavar="URL", help="look at that server from here, e.g. https://tk.example.gov.cn")
    parser.add_argument("--username", help="with --server: a staff account there, to try media and TURN as well")
    parser.add_argument("--role", choices=("inspector", "auditor"), default="inspector", help="of that account")
    parser.add_argument("--password-stdin", action="store_true", help="read that account's password from a pipe")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="with --server: the office's own authority, PEM")
    parser.set_defaults(run=_later("web.doctor", "doctor"))


def _add_turn_config(commands: Commands) -> None:
    parser = _command(
        commands,
        "turn-config",
        "Write a turnserver.conf for a coturn beside this server, from YUNTAKAN_TURN__ settings. "
        "Makes the shared secret where there is none. Both files are readable by their owner alone.",
    )
    _add_network(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="the file to write (default DATA/turnserver.conf)"
    )
    parser.set_defaults(run=_later("web.cli_turn", "turn_config"))


def _add_bench(commands: Commands, argv: Sequence[str]) -> None:
    bench = _command(commands, "bench", "Measure this machine. Every figure is printed with how it was made.")
    benches = bench.add_subparsers(metavar="WHAT", required=True)
    relay = _command(benches, "relay", "Measure what the media relay costs beside others, in the same run.")
    transit = _command(benches, "transit", "Measure how long a packet is in the relay under load.")
    soak = _command(benches, "soak", "Measure the relay's memory under some sessions for a while.")
    joins = _command(benches, "joins", "Let people come and go, and see whether the relay gives everything back.")
    latency = _command(benches, "latency", "Measure picture to picture in Chromium, through the relay and directly.")
    ledger = _command(benches, "ledger", "Measure how many entries a second the ledger takes beside the raw disk.")
    verify = _command(benches, "verify", "Measure how long a package of an hour takes to verify.")
    if "bench" in argv[:1]:
        from inspection.bench import ledger_bench
        from media.bench import latency_bench, relay_bench, soak_bench, transit_bench
        from web.bench import verify_bench

        for parser, add_arguments, run in (
            (relay, relay_bench.add_arguments, relay_bench.run),
            (transit, transit_bench.add_arguments, transit_bench.run),
            (soak, soak_bench.add_soak_arguments, soak_bench.soak),
            (joins, soak_bench.add_joins_arguments, soak_bench.joins),
            (latency, latency_bench.add_arguments, latency_bench.run),
            (ledger, ledger_bench.add_arguments, ledger_bench.run),
            (verify, verify_bench.add_arguments, verify_bench.run),
        ):
            add_arguments(parser)
            parser.set_defaults(run=run)


def _later(module: str, function: str) -> Run:
    def run(arguments: argparse.Namespace) -> int:
        from importlib import import_module

        chosen: Run = getattr(import_module(module), function)
        return chosen(arguments)

    return run


def _refusal(error: Exception) -> str:
    """One line for what the parts refuse by a coded error; anything else is a fault of ours and goes up."""
    from inspection.domain.errors import InspectionError
    from inspection.store.master_key import MasterKeyError
    from inspection.store.office_certificate import CertificateFileError
    from inspection.store.sealing import SealError
    from inspection.store.signer import SignerKeyError
    from media.errors import MediaError
    from web.certificates import CertificateError
    from web.settings import SettingsError
    from web.turn import TurnError

    if isinstance(error, InspectionError | MediaError):
        return f"{error.message} ({error.code})"
    keys = CertificateFileError | MasterKeyError | SealError | SignerKeyError
    if isinstance(error, keys | CertificateError | SettingsError | TurnError):
        return str(error)
    raise error


def _fail(message: str, status: int) -> int:
    print(f"yuntakan: {message}", file=sys.stderr)
    return status


__all__ = ["MISUSED", "main", "make_parser"]

if __name__ == "__main__":
    sys.exit(main())
