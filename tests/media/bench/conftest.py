"""What the benches play, encoded once."""

from __future__ import annotations

import pytest

from media.bench.material import Material, make_material


@pytest.fixture(scope="session")
def material() -> Material:
    return make_material()
