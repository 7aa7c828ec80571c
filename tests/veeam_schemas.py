"""Judges what a backup server sends and receives by the vendor's schemas, where they are there."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "veeam-rest"
ROOT = "#/components/schemas/"


def complaints(revision: str, schema: str, body: Any) -> list[str]:
    """Return what is wrong with ``body``; nothing where the schema is not at hand."""
    validator = _validator(revision, schema)
    errors = validator.iter_errors(body) if validator else ()
    return [f"{schema}{error.json_path[1:]}: {error.message}" for error in errors]


@cache
def _validator(revision: str, schema: str) -> Draft202012Validator | None:
    document = _document(revision)
    if document is None or schema not in document["components"]["schemas"]:
        return None
    return Draft202012Validator({**document, "$ref": ROOT + schema})


@cache
def _document(revision: str) -> dict[str, Any] | None:
    path = FOLDER / f"extract_{revision}.json"
    if not path.exists():
        return None
    schemas = json.loads(path.read_bytes())["schemas"]
    found: dict[str, Any] = {}
    for name, schema in schemas.items():
        found[name] = _pointed(copy.deepcopy(schema), schemas, found)
    for name, schema in schemas.items():
        if "discriminator" in schema:
            del found[name]["oneOf"]  # parent and children point at each other
            found[f"any {name}"] = _choice(name, schema["discriminator"], found)
    return {"components": {"schemas": found}}


def _pointed(
    node: Any, schemas: dict[str, Any], found: dict[str, Any], parent: bool = False
) -> Any:
    """Let a reference to a parent mean any of its children, except where a child names it."""
    if isinstance(node, list):
        return [_pointed(each, schemas, found, parent) for each in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        name = node["$ref"].removeprefix(ROOT)
        if name not in schemas:
            found.setdefault(name, {})  # not in the extract: anything
        elif "discriminator" in schemas[name] and not parent:
            name = f"any {name}"
        return {"$ref": ROOT + name}
    return {key: _pointed(each, schemas, found, key == "allOf") for key, each in node.items()}


def _choice(name: str, discriminator: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    key = discriminator["propertyName"]
    branches = [
        {"if": {"properties": {key: {"const": value}}}, "then": {"$ref": reference}}
        for value, reference in discriminator["mapping"].items()
        if reference.removeprefix(ROOT) in found
    ]
    return {"allOf": [{"$ref": ROOT + name}, *branches]}
