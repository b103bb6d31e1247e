from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from signaling.handlers import HANDLERS
from signaling.messages import CLIENT_MESSAGES
from web.problems import problem_of
from web.routes import ENDPOINTS

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = runpy.run_path(str(ROOT / "scripts" / "generate_protocol.py"))


def test_the_pages_and_the_front_ends_types_are_what_the_models_say() -> None:
    stale = [
        str(path.relative_to(ROOT)) for path, text in GENERATOR["outputs"]().items() if path.read_text("utf-8") != text
    ]
    assert stale == [], "run scripts/generate_protocol.py"


def test_every_event_has_a_handler_and_every_handler_an_event() -> None:
    assert set(HANDLERS) == set(CLIENT_MESSAGES)


def test_every_endpoint_is_below_the_prefix_of_its_role() -> None:
    for endpoint in ENDPOINTS:
        if endpoint.role is not None:
            assert endpoint.path.startswith(f"/api/{endpoint.role.value}/"), endpoint.path


def test_a_schema_form_that_has_no_type_is_refused_and_not_guessed() -> None:
    with pytest.raises(ValueError, match="no TypeScript"):
        GENERATOR["type_text"]({"type": "tuple"})


def test_an_unexpected_error_says_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    problem = problem_of(RuntimeError("the pepper is 1234"), "r1")
    assert (problem.status, problem.code) == (500, "internal")
    assert "1234" not in problem.model_dump_json()
    assert problem.detail.split()[-1] in caplog.text
