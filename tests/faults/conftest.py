"""Networks of our own need rights that not every machine gives; without them these tests are skipped and say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.network import Network, Site, why_not


@pytest.fixture(scope="session")
def may_make_networks() -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture
def network(may_make_networks: None) -> Iterator[Network]:
    """A phone and an office."""
    with Network([Site("phone"), Site("office")], seed=1) as network:
        yield network
