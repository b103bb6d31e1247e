"""Write the list of third-party licences from what is installed, and refuse copyleft that nobody has looked at.

Covers what runs in production: the Python distributions of requirements.txt (and the clips of
requirements-footage.txt), the native libraries inside their wheels, and the npm packages that end up in the built
pages. Build and test tools are left out: they are not part of what a user receives.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPYLEFT = re.compile(r"\b([AL]?GPL|MPL|EPL|CDDL|EUPL|SSPL|OSL)|General Public License", re.IGNORECASE)
STRONG = re.compile(r"\b(A?GPL|SSPL|OSL)|(?<!Lesser )General Public License", re.IGNORECASE)

FACTS = tomllib.loads((ROOT / "scripts/licence_facts.toml").read_text(encoding="utf-8"))
REVIEWED: dict[str, str] = FACTS["reviewed"]
NATIVE: dict[str, str] = FACTS["native"]
WORDS: dict[str, str] = FACTS["words"]


@dataclass(frozen=True)
class Part:
    """One third-party part: `name` is `wheel/library` for a library inside a wheel."""

    name: str
    version: str
    licence: str
    texts: tuple[str, ...] = ()

    @property
    def strong(self) -> bool:
        """Whether every alternative of the licence is strong copyleft without an exception for linking."""
        terms = re.split(r"\bOR\b", self.licence)
        return all(STRONG.search(term) and " WITH " not in term for term in terms)


def python_parts() -> Iterator[Part]:
    """The distributions that the run-time locks name, and what their wheels carry."""
    for lock in ("requirements.txt", "requirements-footage.txt"):
        for name in re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / lock).read_text(), re.MULTILINE):
            distribution = importlib.metadata.distribution(name)
            texts = tuple(str(file) for file in distribution.files or () if is_licence_text(str(file)))
            yield Part(name, distribution.version, python_licence(distribution), texts)
            yield from native_parts(name, distribution)


def is_licence_text(path: str) -> bool:
    inside = ".dist-info/" in path or path.startswith("cv2/")
    return inside and re.search(r"licen[sc]e|copying|notice", Path(path).name, re.IGNORECASE) is not None


def python_licence(distribution: importlib.metadata.Distribution) -> str:
    """SPDX where the metadata has it, else its classifier, else the short free text."""
    metadata = distribution.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    lines = [str(line) for line in metadata.get_all("Classifier") or []]
    if words := [line.rsplit(" :: ", 1)[-1] for line in lines if line.startswith("License ::")]:
        return " OR ".join(WORDS.get(word, word) for word in words)
    text = metadata["License"].strip() if "License" in metadata else ""
    return WORDS.get(text, text.splitlines()[0][:60] if text else "")


def native_parts(name: str, distribution: importlib.metadata.Distribution) -> Iterator[Part]:
    """Shared libraries that the wheel's repair tool put beside the package (`NAME.libs` or `.dylibs`)."""
    for file in distribution.files or ():
        folder = file.parts[0] if len(file.parts) > 1 else ""
        if folder.endswith(".libs") or ".dylibs" in file.parts:
            stem = re.split(r"[-.](?=[0-9a-f]{8}\b|so\b|r0\b|\d)", file.name)[0]
            yield Part(f"{name}/{stem}", "", NATIVE.get(stem, ""))


def npm_parts() -> Iterator[Part]:
    """What package-lock.json does not mark as needed for development only."""
    lock = json.loads((ROOT / "web/ui/package-lock.json").read_text())
    for path, package in lock["packages"].items():
        if path and not package.get("dev") and not package.get("devOptional"):
            folder = ROOT / "web/ui" / path
            files = [
                file for file in sorted(folder.glob("*")) if re.match(r"licen[sc]e|copying", file.name, re.IGNORECASE)
            ]
            licence = package.get("license") or old_npm_licence(folder)
            texts = tuple(str(file.relative_to(ROOT)) for file in files)
            yield Part(path.rsplit("node_modules/", 1)[-1], package["version"], licence, texts)


def old_npm_licence(folder: Path) -> str:
    """Packages from before SPDX list objects under `licenses`."""
    listed = json.loads((folder / "package.json").read_text()).get("licenses", [])
    return " OR ".join(licence["type"] for licence in listed)


def problems(parts: list[Part]) -> list[str]:
    """What a person has to look at before it may be shipped."""
    found = [f"{part.name}: no licence is recorded" for part in parts if not part.licence]
    return found + [f"{part.name}: {part.licence} is not reviewed" for part in parts
                    if part.licence and part.strong and part.name not in REVIEWED]  # fmt: skip


def table(title: str, parts: list[Part]) -> list[str]:
    lines = [f"## {title}", "", "| part | version | licence | copyleft |", "|---|---|---|---|"]
    for part in sorted(parts, key=lambda part: part.name.lower()):
        mark = REVIEWED.get(part.name, "yes") if COPYLEFT.search(part.licence) else ""
        lines.append(f"| {part.name} | {part.version} | {part.licence} | {mark} |")
    return [*lines, ""]


def document(python: list[Part], npm: list[Part]) -> str:
    """The whole list as Markdown, with the texts that permissive licences ask to be kept."""
    own = [part for part in python if "/" not in part.name]
    native = [part for part in python if "/" in part.name]
    lines = [
        "# Third-party licences",
        "",
        "Made by `make licences` from what is installed; YunTaKan itself is Apache-2.0.",
        "",
    ]
    lines += table("Python packages", own) + table("Libraries inside their wheels", native) + table("In the pages", npm)
    lines += ["## What follows from the copyleft parts", "", FACTS["notes"].strip(), ""]
    lines += ["## Licence texts of what is in the pages", ""]
    for part, path in [(package, ROOT / text) for package in npm for text in package.texts]:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        lines += [f"### {part.name} {part.version}", "", "```", text, "```", ""]
    lines += ["## Where the Python packages keep theirs", ""]
    lines += [f"- {part.name}: {', '.join(part.texts) or 'in its metadata'}" for part in own]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, action="append", default=[], help="write the list there (may be repeated)")
    parser.add_argument("--check", action="store_true", help="exit 1 when a licence is missing or unreviewed copyleft")
    arguments = parser.parse_args()
    python, npm = list(python_parts()), list(npm_parts())
    for path in arguments.out:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document(python, npm), encoding="utf-8")
    found = problems(python + npm)
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"{len(python)} Python parts, {len(npm)} npm parts, {len(found)} to look at")
    return 1 if found and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
