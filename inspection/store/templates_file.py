"""The check templates that come with the product, or an office's own folder of them."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from inspection.domain.templates import Template

SHIPPED = Path(__file__).parent.parent / "templates"


def load_templates(folder: Path = SHIPPED) -> tuple[Template, ...]:
    """Every `*.json` of the folder, by id. ValueError for a file of another form or an id that is there twice."""
    reader = TypeAdapter(Template)
    templates = [reader.validate_json(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    ids = [template.id for template in templates]
    if len(set(ids)) != len(ids):
        raise ValueError("two templates have the same id")
    for template in templates:
        _require_own_ids(template)
    return tuple(templates)


def _require_own_ids(template: Template) -> None:
    ids = [item.id for item in template.items]
    if len(set(ids)) != len(ids):
        raise ValueError(f"template {template.id}: two items have the same id")
