"""The shapes of payloads as data, for verifiers of other people: `docs/vectors/kinds.json`.

    python -m tests.inspection.proof.tamper.kinds_table        writes the table anew

The very source of `entry_kinds.py` is run with shapes that describe themselves instead of checking.
"""

from __future__ import annotations

import json
import sys
import types
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

TABLE = Path(__file__).parents[4] / "docs" / "vectors" / "kinds.json"
_MODULE = "inspection.domain.entry_kinds"
_PLAIN = ("text", "name", "count", "integer", "flag", "digest", "instant", "date", "file")


def kinds_table() -> dict[str, Any]:
    """Kind → shape of its payload."""
    spec = find_spec(_MODULE)
    assert spec is not None and spec.origin is not None
    described = types.ModuleType(_MODULE)
    code = compile(Path(spec.origin).read_text("utf-8"), spec.origin, "exec")
    sys.modules[f"{_MODULE}.described"] = described
    with patch.dict(sys.modules, {"inspection.domain.entry_shapes": _describing()}):
        exec(code, described.__dict__)
    return dict(described.KINDS)


def table_text() -> str:
    """As the file holds it: one kind a line."""
    lines = (f" {json.dumps(kind)}: {json.dumps(shape)}" for kind, shape in kinds_table().items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _describing() -> types.ModuleType:
    module = types.ModuleType("inspection.domain.entry_shapes")
    names: dict[str, Any] = {name: name for name in _PLAIN}
    names["Shape"] = names["Place"] = names["places"] = Any
    names["one_of"] = lambda *words: {"one_of": list(words)}
    names["list_of"] = lambda shape: {"list_of": shape}
    names["either"] = lambda *shapes: {"either": list(shapes)}
    names["record"] = lambda **fields: {
        "record": {f"{key[:-1]}?" if key.endswith("_") else key: shape for key, shape in fields.items()}
    }
    names["personal"] = lambda shape, retention: {"personal": shape, "class": str(retention)}
    module.__dict__.update(names)
    return module


if __name__ == "__main__":
    TABLE.write_text(table_text(), "utf-8")
