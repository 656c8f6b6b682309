"""JSON schemas, as much of them as the one of OME-Zarr needs."""

from typing import Any

TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
}


def faults(value: Any, schema: dict[str, Any], at: str = "it") -> list[str]:
    """Return what is wrong with a value, one line each."""
    found = _of_any(value, schema, at)
    if isinstance(value, dict):
        missing = [name for name in schema.get("required", ()) if name not in value]
        found += [f"{at} has no {name}" for name in missing]
        for name, inner in schema.get("properties", {}).items():
            found += faults(value[name], inner, f"{at}.{name}") if name in value else []
    if isinstance(value, list):
        found += _of_list(value, schema, at)
    return found


def _of_any(value: Any, schema: dict[str, Any], at: str) -> list[str]:
    kind = schema.get("type")
    found = []
    if kind and (not isinstance(value, TYPES[kind]) or isinstance(value, bool)):
        found.append(f"{at} is no {kind}: {value!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} is none of {schema['enum']}: {value!r}")
    choices = schema.get("oneOf")
    if choices is not None and sum(not faults(value, choice, at) for choice in choices) != 1:
        found.append(f"{at} is not one of {len(choices)} things: {value!r}")
    return found


def _of_list(value: list[Any], schema: dict[str, Any], at: str) -> list[str]:
    found = []
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        found.append(f"{at} has {len(value)} items")
    if schema.get("uniqueItems") and any(x in value[:n] for n, x in enumerate(value)):
        found.append(f"{at} has an item twice")
    for n, item in enumerate(value):
        found += faults(item, schema.get("items", {}), f"{at}[{n}]")
    for rule in schema.get("contain", ()):
        count = sum(not faults(item, rule["what"]) for item in value)
        if not rule["least"] <= count <= rule["most"]:
            found.append(f"{at} has {count} of {rule['what']}")
    return found
