#!/usr/bin/env python3
"""Writes the front end's message types and the tables of docs/protocol.md and docs/api.md from the edges' models.

`python scripts/generate_protocol.py` writes them; `--check` only says (exit 1) whether one is out of date.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_type_hints

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pydantic import BaseModel  # noqa: E402
from pydantic.json_schema import JsonSchemaMode, models_json_schema  # noqa: E402

from signaling import messages  # noqa: E402
from signaling.handlers import HANDLERS  # noqa: E402
from web.problems import Problem  # noqa: E402
from web.routes import ENDPOINTS  # noqa: E402

TYPES = ROOT / "web" / "ui" / "src" / "protocol"
PAGE = ROOT / "docs" / "protocol.md"
API_PAGE = ROOT / "docs" / "api.md"
BEGIN = "<!-- made by scripts/generate_protocol.py: begin -->"
END = "<!-- made by scripts/generate_protocol.py: end -->"

Json = dict[str, Any]
Model = type[BaseModel]


def result_of(event: str) -> Model | None:
    """What the event's handler answers with, by its own annotation."""
    hint = get_type_hints(HANDLERS[event])["return"]
    return None if hint is type(None) else hint


def sent_models() -> list[Model]:
    results = [result for event in messages.CLIENT_MESSAGES if (result := result_of(event)) is not None]
    return _once([*results, *messages.SERVER_MESSAGES.values(), messages.ErrorView])


def bodies() -> list[Model]:
    """What the HTTP endpoints take."""
    return _once(endpoint.body for endpoint in ENDPOINTS if endpoint.body is not None)


def answers() -> list[Model]:
    """What the HTTP endpoints answer."""
    return _once([*(endpoint.result for endpoint in ENDPOINTS if endpoint.result is not None), Problem])


def definitions(models: Iterable[Model], mode: JsonSchemaMode) -> dict[str, Json]:
    """JSON Schema of each model and of everything that they use, by name."""
    _, schema = models_json_schema([(model, mode) for model in models], ref_template="{model}")
    found: dict[str, Json] = schema["$defs"]
    return found


# --- TypeScript ---------------------------------------------------------------------------------------------------


def type_text(schema: Json) -> str:
    """The TypeScript type of a JSON Schema of ours; raises ValueError for a form that no model uses yet."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return " | ".join(_literal(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(type_text(choice) for choice in schema["anyOf"]))
    if "oneOf" in schema:
        return " | ".join(dict.fromkeys(type_text(choice) for choice in schema["oneOf"]))
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return type_text(schema["allOf"][0])
    return _plain_type(schema)


def _plain_type(schema: Json) -> str:
    match schema.get("type"):
        case "string":
            return "string"
        case "integer" | "number":
            return "number"
        case "boolean" | "null" as name:
            return str(name)
        case "array":
            inner = type_text(schema.get("items", {}))
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case "object":
            values = schema.get("additionalProperties", True)
            return f"Record<string, {'unknown' if isinstance(values, bool) else type_text(values)}>"
        case None:
            return "unknown"
    raise ValueError(f"no TypeScript for {schema}")


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def declaration(name: str, schema: Json) -> str:
    """An interface, or an alias for an enumeration."""
    note = _comment(schema.get("description", ""), "")
    if "properties" not in schema and schema.get("type") != "object":
        return f"{note}export type {name} = {type_text(schema)}\n"
    required = set(schema.get("required", ()))
    lines = [
        f"{_comment(field.get('description', ''), '  ')}  {key}{'' if key in required else '?'}: {type_text(field)}"
        for key, field in schema.get("properties", {}).items()
    ]
    if not lines:
        return f"{note}export type {name} = Record<string, never>\n"
    return f"{note}export interface {name} {{\n" + "\n".join(lines) + "\n}\n"


def _comment(text: str, indent: str) -> str:
    paragraph = " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
    return f"{indent}/** {paragraph} */\n" if paragraph else ""


def typescript() -> dict[str, str]:
    """The modules of types by file name. `messages.ts` hands the others on, so it is the one to import from."""
    taken = definitions(_once([*messages.CLIENT_MESSAGES.values(), *bodies()]), "validation")
    sent = definitions(_once([*sent_models(), *answers()]), "serialization")
    both = {**taken, **sent}
    clashes = [name for name in taken.keys() & sent.keys() if taken[name] != sent[name]]
    if clashes:
        raise ValueError(f"models with two forms: {clashes}")
    home = dict.fromkeys(both, "messages")
    home |= dict.fromkeys(definitions(bodies(), "validation"), "http_bodies")
    home |= dict.fromkeys(definitions(answers(), "serialization"), "http_answers")
    declarations = {name: declaration(name, both[name]) for name in sorted(both)}
    return {f"{module}.ts": _module(module, declarations, home) for module in sorted(set(home.values()))}


def _module(module: str, declarations: dict[str, str], home: dict[str, str]) -> str:
    """A declaration stands in one module; the others import it from there."""
    parts = [text for name, text in declarations.items() if home[name] == module]
    lines = ["/** Made by scripts/generate_protocol.py from the server's models: change those, not this file. */"]
    if module == "messages":
        parts.append(_event_maps())
        lines += [f"export type * from './{other}'" for other in sorted(set(home.values()) - {module})]
    words = set(re.findall(r"\w+", re.sub(r"/\*\*.*?\*/|'[^'\n]*'", "", "\n".join(parts))))
    for other in sorted(set(home.values()) - {module}):
        foreign = sorted(name for name in words & home.keys() if home[name] == other)
        lines += [f"import type {{ {', '.join(foreign)} }} from './{other}'"] if foreign else []
    return "\n".join(["\n".join(lines) + "\n", *parts])


def _event_maps() -> str:
    taken = [
        f"  '{event}': {{ message: {model.__name__}; result: {_result_name(event)} }}"
        for event, model in messages.CLIENT_MESSAGES.items()
    ]
    sent = [f"  {_key(event)}: {model.__name__}" for event, model in messages.SERVER_MESSAGES.items()]
    return (
        "/** What a client sends, and what the acknowledgement's `result` holds. */\n"
        "export interface ClientEvents {\n" + "\n".join(taken) + "\n}\n\n"
        "/** What the server sends. */\n"
        "export interface ServerEvents {\n" + "\n".join(sent) + "\n}\n\n"
        "export type Acknowledgement<Result> = { ok: true; result: Result } | { ok: false; error: ErrorView }\n"
    )


def _key(event: str) -> str:
    return event if event.isidentifier() else f"'{event}'"


def _result_name(event: str) -> str:
    model = result_of(event)
    return model.__name__ if model else "Record<string, never>"


# --- Markdown -----------------------------------------------------------------------------------------------------


def socket_tables() -> str:
    """The part of docs/protocol.md between its marks."""
    taken = definitions(_once(messages.CLIENT_MESSAGES.values()), "validation")
    sent = definitions(sent_models(), "serialization")
    asked = [
        f"| `{event}` | {_fields(taken[model.__name__])} | {_result_cell(event, sent)} |"
        for event, model in messages.CLIENT_MESSAGES.items()
    ]
    pushed = [f"| `{event}` | {_fields(sent[model.__name__])} |" for event, model in messages.SERVER_MESSAGES.items()]
    told = {_result_name(event) for event in messages.CLIENT_MESSAGES}
    told |= {model.__name__ for model in (*messages.CLIENT_MESSAGES.values(), *messages.SERVER_MESSAGES.values())}
    return "\n".join(
        [
            "### What a client sends\n", "| event | message | result |", "|---|---|---|", *asked,
            "\n### What the server sends\n", "| event | message |", "|---|---|", *pushed,
            "\n### Named shapes\n", *_shape_rows(taken | sent, told),
        ]
    )  # fmt: skip


def http_tables() -> str:
    """The part of docs/api.md between its marks."""
    taken, sent = definitions(bodies(), "validation"), definitions(answers(), "serialization")
    rows = [
        f"| {endpoint.method} | `{endpoint.path}` | {endpoint.role.value if endpoint.role else 'anybody'} "
        f"| {_name_cell(endpoint.body)} | {_name_cell(endpoint.result) or 'a file'} |"
        for endpoint in sorted(ENDPOINTS, key=lambda endpoint: (endpoint.path, endpoint.method))
    ]
    head = ["### Endpoints\n", "| method | path | who | body | answer |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows, "\n### Shapes\n", *_shape_rows(taken | sent, set())])


def _shape_rows(shapes: dict[str, Json], told: set[str]) -> list[str]:
    named = [f"| `{name}` | {_shape(shapes[name])} |" for name in sorted(shapes) if name not in told]
    return ["| name | form |", "|---|---|", *named]


def _name_cell(model: Model | None) -> str:
    return f"`{model.__name__}`" if model else ""


def _result_cell(event: str, sent: dict[str, Json]) -> str:
    model = result_of(event)
    return _fields(sent[model.__name__]) if model else "`{}`"


def _fields(schema: Json) -> str:
    required = set(schema.get("required", ()))
    fields = [
        f"`{name}{'' if name in required else '?'}`: {_cell(type_text(field))}"
        for name, field in schema.get("properties", {}).items()
    ]
    return ", ".join(fields) or "`{}`"


def _shape(schema: Json) -> str:
    return _fields(schema) if "properties" in schema else _cell(type_text(schema))


def _cell(text: str) -> str:
    return text.replace(" | ", " \\| ").replace("'", "")


def page(path: Path, tables: str) -> str:
    """The page with its tables made anew; raises ValueError where its marks are missing."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path.name} has lost its marks")
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def _once(models: Iterable[Model]) -> list[Model]:
    return list(dict.fromkeys(models))


def outputs() -> dict[Path, str]:
    """Each file that is made, and what should be in it."""
    return {
        **{TYPES / name: text for name, text in typescript().items()},
        PAGE: page(PAGE, socket_tables()),
        API_PAGE: page(API_PAGE, http_tables()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is out of date")
    only_check = parser.parse_args().check
    stale = {path: text for path, text in outputs().items() if not path.exists() or path.read_text("utf-8") != text}
    for path, text in stale.items():
        print(f"{path.relative_to(ROOT)}: {'out of date' if only_check else 'written'}")
        if not only_check:
            path.write_text(text, encoding="utf-8")
    return 1 if only_check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
