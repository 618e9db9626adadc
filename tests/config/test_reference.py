"""The generated reference says something about every field."""

from __future__ import annotations

from infra.config.models import Center


def test_every_field_is_described() -> None:
    schema = Center.model_json_schema(by_alias=True)
    models = {"Center": schema, **schema["$defs"]}
    silent = [
        f"{name}.{field}"
        for name, model in models.items()
        for field, spec in model.get("properties", {}).items()
        if "description" not in spec and "const" not in spec
    ]
    assert silent == []
