from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inspection.proof.tamper.verifiers import Verifiers, all_verifiers
from tests.inspection.proof.timestamp_authority import HAS_OPENSSL, Authority


@pytest.fixture(scope="session")
def verifiers() -> Iterator[Verifiers]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed here: verify.html runs in it")
    with all_verifiers() as ready:
        yield ready


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority | None:
    return Authority.make(Path(tmp_path_factory.mktemp("authority"))) if HAS_OPENSSL else None
