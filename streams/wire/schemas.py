"""JSON Schema of every form, so that a producer or a consumer can check its records without our code.

What the types say is generated from them; what the decoder checks by hand (which type needs what) is said
here again. Not everything can be said in a schema: the Kafka key, the topic of a type, the bounds on bytes
and depth and the comparison with the time of arrival are judged by the decoder alone.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from . import command, control, episodes, facts, population, signal, volumes, why
from .event import TYPES, Event
from .form import Form
from .needs import NEEDED_FIELDS
from .reject import Reason

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def files() -> dict[str, str]:
    """Give the text of each schema file by its name."""
    return {
        f"{name}.v1.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas().items()
    }


def schemas() -> dict[str, Schema]:
    """Give each schema by the name of its form."""
    forms = {
        "event": _event(),
        **{f"control.{kind}": _control(form) for kind, form in control.FORMS.items()},
        "facts": _facts(),
        "signal": _signal(),
        "command": _command(),
        "why": _why(),
        "population.sums": _sums(),
        "population.episodes": _episodes(),
        "population.volumes": _volumes(),
        "reject-headers": _reject_headers(),
        "effect-headers": _effect_headers(),
    }
    return {
        name: {
            "$schema": _DIALECT,
            "$id": f"urn:holdfast:{name}:v1",
            "title": f"Holdfast {name}, version 1",
            **schema,
        }
        for name, schema in forms.items()
    }


def _of(struct: type[msgspec.Struct]) -> tuple[Schema, dict[str, Schema]]:
    """Generate the schema of a struct and of those inside it; without docstrings, which speak to us."""
    (_reference,), parts = msgspec.json.schema_components([struct])
    for part in parts.values():
        part.pop("description", None)
        for field in part["properties"].values():
            field.pop("default", None)
    schema = parts.pop(struct.__name__)
    del schema["title"]
    if "v" in schema["properties"]:
        schema["properties"]["v"] = {"const": 1}
    return schema, ({"$defs": parts} if parts else {})


def _when(field: str, values: tuple[str, ...], needed: tuple[str, ...], *, or_null: bool = False) -> Schema:
    """Say that some fields are needed when another has one of some values."""
    then: Schema = {"required": list(needed)}
    if not or_null:
        then["properties"] = {name: {"not": {"type": "null"}} for name in needed}
    return {"if": {"properties": {field: {"enum": list(values)}}, "required": [field]}, "then": then}


def _event() -> Schema:
    schema, parts = _of(Event)
    schema["properties"]["type"] = {"enum": list(TYPES)}
    schema["properties"]["customer_id"]["pattern"] = "^[^\\u0000]"
    by_need: dict[tuple[str, ...], list[str]] = {}
    for type_, needed in NEEDED_FIELDS.items():
        by_need.setdefault(needed, []).append(type_)
    schema["allOf"] = [
        *(_when("type", tuple(types), needed) for needed, types in by_need.items()),
        _when("time_quality", ("inferred",), ("earliest_at",)),
    ]
    parts["$defs"]["ConsentChange"]["allOf"] = [_when("scope", ("list",), ("list",))]
    about = "What a customer did, or what happened to a message to them. The Kafka key is the customer_id."
    return {"description": about, **schema, **parts}


def _written(form: Form[Any]) -> tuple[Schema, dict[str, Schema]]:
    """Generate the schema of what we write: all fields are there, but those that are left out when absent."""
    schema, parts = _of(form.struct)
    schema["required"] = list(form.always)
    return schema, parts


def _control(form: Form[Any]) -> Schema:
    schema, parts = _of(form.struct)
    schema["required"] = ["v", "kind", *schema["required"]]
    return {"description": "A record of the control topic; its key is its kind.", **schema, **parts}


def _facts() -> Schema:
    owner, _ = _written(facts.OWNER)
    kinds = {kind: _of(control.FORMS[kind].struct) for kind in ("policy", "offers", "population", "source")}
    parts = {name: part for _, inner in kinds.values() for name, part in inner.get("$defs", {}).items()}
    for schema, _ in kinds.values():
        schema["required"] = ["v", "kind", *schema["required"]]
    return {
        "description": "What is in force, as on control; and which worker owns which partition.",
        "oneOf": [*(schema for schema, _ in kinds.values()), owner],
        "$defs": parts,
    }


def _enums(schema: Schema, values: Mapping[str, tuple[str, ...]]) -> None:
    for field, words in values.items():
        schema["properties"][field] = {"enum": list(words)}


def _signal() -> Schema:
    schema, parts = _written(signal.FORM)
    _enums(
        schema,
        {
            "action": signal.ACTIONS,
            "reason": signal.CLOSINGS,
            "kind": signal.KINDS,
            "stage": signal.STAGES,
            "arm": signal.ARMS,
        },
    )
    closed = _when("action", ("closed",), ("reason",))
    schema["allOf"] = [closed | {"else": {"not": {"required": ["reason"]}}}]
    return {"description": "A lapse signal: an episode opened, closed or retracted.", **schema, **parts}


def _command() -> Schema:
    schema, parts = _written(command.FORM)
    _enums(schema, {"action": command.ACTIONS})
    schema["allOf"] = [
        _when("action", ("send",), ("message",)),
        _when("action", ("cancel",), ("cancels",)),
        _when("action", ("hold",), ("until",), or_null=True),
        _when("action", ("audience_add", "audience_remove"), ("audience",)),
    ]
    return {"description": "What a messaging service is to do, once for each id.", **schema, **parts}


def _why() -> Schema:
    schema, parts = _of(why.Why)
    schema["properties"]["stage"] = {"enum": list(signal.STAGES)}
    parts["$defs"]["Row"]["properties"]["verdict"] = {"enum": list(why.VERDICTS)}
    return {
        "description": "What is known of one customer, and what each rule makes of it.",
        **schema,
        **parts,
    }


def _volumes() -> Schema:
    schema, parts = _written(volumes.VOLUMES)
    about = "The events of one partition by source and five minutes, and what is usual; the newest counts."
    return {"description": about, **schema, **parts}


def _episodes() -> Schema:
    schema, parts = _written(episodes.EPISODES)
    schema["properties"]["days"]["propertyNames"] = {"pattern": "^[0-9]{4}-[01][0-9]-[0-3][0-9]$"}
    about = "The signals of one partition, counted: the newest record of a partition replaces the older ones."
    return {"description": about, **schema, **parts}


def _sums() -> Schema:
    schema, parts = _written(population.SUMS)
    about = (
        "The sums over one partition's customers: the newest record of a partition replaces the older ones."
    )
    return {"description": about, **schema, **parts}


def _headers(about: str, fields: Mapping[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    return {
        "description": f"{about}, by name, their bytes read as UTF-8.",
        "type": "object",
        "properties": {name: {"type": "string", **rest} for name, rest in fields.items()},
        "required": [name for name in fields if name not in optional],
    }


def _reject_headers() -> Schema:
    number = {"pattern": "^[0-9]+$"}
    path = {"pattern": r"^([$]([.][a-z_]+|\[[0-9]+\]|\[[.]{3}\])*)?$"}
    return _headers(
        "The headers of a reject",
        {
            "holdfast.reject.reason": {"enum": [reason.value for reason in Reason]},
            "holdfast.reject.detail": path,
            "holdfast.reject.topic": {},
            "holdfast.reject.partition": number,
            "holdfast.reject.offset": number,
            "__connect.errors.topic": {},
            "__connect.errors.partition": number,
            "__connect.errors.offset": number,
            "__connect.errors.stage": {"enum": ["KEY_CONVERTER", "VALUE_CONVERTER"]},
            "__connect.errors.exception.class.name": {},
            "__connect.errors.exception.message": {},
        },
    )


def _effect_headers() -> Schema:
    types = [
        *(f"com.holdfast.signal.{action}.v1" for action in signal.ACTIONS),
        *(f"com.holdfast.command.{action}.v1" for action in command.ACTIONS),
    ]
    return _headers(
        "The headers of a signal or a command",
        {
            "ce_specversion": {"const": "1.0"},
            "ce_id": {},
            "ce_source": {"format": "uri-reference"},
            "ce_type": {"enum": types},
            "ce_time": {"format": "date-time"},
            "ce_subject": {},
            "content-type": {"const": "application/json"},
            "traceparent": {},
        },
        optional=("traceparent",),
    )
