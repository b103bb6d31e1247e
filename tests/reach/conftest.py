"""These tests need networks of their own (root), Chromium, and some of them Debian's coturn; else they are skipped."""

from __future__ import annotations

import pytest

from tests.faults.network import why_not
from tests.reach.coturn import why_no_coturn


@pytest.fixture(scope="session")
def may_make_networks() -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def has_coturn(may_make_networks: None) -> None:
    reason = why_no_coturn()
    if reason is not None:
        pytest.skip(reason)
