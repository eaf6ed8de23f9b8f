"""From what stands in a configuration to the model, or to every problem in it. Knows nothing of files and
engines.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from settings.checks import CHECKS
from settings.model import Settings
from settings.problems import NAMESPACE, Problem, SettingsError, did_you_mean, shown
from settings.services import Services

__all__ = ["KEYS", "parsed", "read_settings"]

KEYS = {str(field.alias): name for name, field in Settings.model_fields.items() if name != "stack"}
_TEXT = {"system", "domain"}


def parsed(key: str, value: object) -> object:
    """A value as the model wants it: the engine and `pulumi config set` hand over objects and lists as JSON
    texts.
    """
    if isinstance(value, str) and key not in _TEXT:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def read_settings(stack: str, raw: Mapping[str, object], file: str) -> tuple[Settings | None, list[Problem]]:
    """The settings, if nothing is wrong, and everything that is wrong, across all keys at once."""
    problems = [_unknown(file, key, stack) for key in raw if key not in KEYS]
    values = {key: parsed(key, value) for key, value in raw.items() if key in KEYS}
    settings: Settings | None = None
    good: dict[str, Any] = {}
    try:
        settings = Settings.model_validate({**values, "stack": stack})
        good = {name: getattr(settings, name) for name in Settings.model_fields}
        good["all_services"] = settings.services
    except ValidationError as error:
        problems += [_problem(file, details, values) for details in error.errors()]
        good = dict(_readable(values, [details["loc"] for details in error.errors()]))
    problems += _findings(file, good, values)
    return (None if problems else settings), problems


def _unknown(file: str, key: str, stack: str) -> Problem:
    path = f"{NAMESPACE}:{key}"
    if key == "secrets":
        mend = f"./smos keys set for each of them, then pulumi config rm {path} --stack {stack}"
        why = "this key is not known: secrets are in the keyring, never in a stack's file"
        return Problem(file, path, "", why, f"{mend}; new ones, if they stood there in plain")
    return Problem(file, path, "", "this key is not known", did_you_mean(key, KEYS))


def refuse(problems: Iterable[Problem]) -> None:
    """Raise them all, if there is one."""
    found = list(problems)
    if found:
        raise SettingsError(found)


def _readable(values: Mapping[str, object], bad: Iterable[tuple[int | str, ...]]) -> Iterator[tuple[str, Any]]:
    """The parts that are in order, when others are not. Of the services, those that are."""
    broken = {loc[0] for loc in bad}
    services = values.get("services")
    if "services" in broken and isinstance(services, Mapping):
        wrong = {loc[1] for loc in bad if loc[0] == "services" and len(loc) > 1}
        values = {**values, "services": {key: part for key, part in services.items() if key not in wrong}}
        broken -= {"services"}
    elif "services" in values and "services" not in broken:
        yield "all_services", Services.model_validate(services)
    for key, name in KEYS.items():
        field = Settings.model_fields[name]
        if key in values and key not in broken:
            yield name, _adapter(name).validate_python(values[key])
        elif key not in values and not field.is_required():
            yield name, field.get_default(call_default_factory=True)


def _adapter(name: str) -> TypeAdapter[Any]:
    annotation: Any = Settings.model_fields[name].annotation
    return TypeAdapter(annotation)


def _findings(file: str, good: Mapping[str, Any], values: Mapping[str, object]) -> Iterator[Problem]:
    for check in CHECKS:
        needed = list(inspect.signature(check).parameters)
        if all(name in good for name in needed):
            for path, value, why, mend in check(**{name: good[name] for name in needed}):
                yield Problem(file, _path(path), shown(value), why, mend)


def _path(parts: Iterable[object]) -> str:
    return f"{NAMESPACE}:" + "/".join(str(part) for part in parts)


def _real_path(loc: tuple[int | str, ...], values: object) -> list[int | str]:
    """pydantic's location without the tags of unions, which are in no file."""
    path: list[int | str] = []
    here: Any = values
    for index, part in enumerate(loc):
        inside = isinstance(here, Mapping) and part in here
        if inside or (isinstance(here, list | tuple) and isinstance(part, int) and part < len(here)):
            here = here[part]
        elif index < len(loc) - 1 and isinstance(here, Mapping):
            continue
        path.append(part)
    return path


def _problem(file: str, details: ErrorDetails, values: Mapping[str, object]) -> Problem:
    loc = details["loc"]
    path = _real_path(loc, values)
    kind, context = details["type"], details.get("ctx", {})
    given = "" if kind in {"missing", "extra_forbidden"} else shown(details["input"])
    why, mend = details["msg"], str(context.get("mend", ""))
    if kind == "missing":
        about = _description(loc)
        why, mend = "missing", f"add it ({about})" if about else "add it"
    elif kind == "extra_forbidden":
        why, mend = "this key is not known", did_you_mean(str(loc[-1]), _siblings(loc))
    elif kind in {"union_tag_invalid", "union_tag_not_found"}:
        why, mend = (
            "it does not say where it runs",
            f"where: one of {context.get('expected_tags', 'azure, docker')}",
        )
        if kind == "union_tag_invalid":
            why = f"{context['tag']!r} is not a place where it can run"
    elif kind in {"model_type", "dict_type"}:
        why, mend = "must be an object", _description(loc) or "keys and values"
    elif kind == "literal_error":
        why, mend = "not one of the choices", f"one of: {context['expected']}"
    elif not mend:
        about = _description(loc) or "see the key's description in Pulumi.yaml"
        why, mend = why.replace("Input should be", "it should be"), f"correct it ({about})"
    return Problem(file, _path(path), given, why, mend)


def _models(annotation: Any) -> Iterator[Any]:
    """The models inside a type: of an optional, a union, a list, an annotation."""
    if hasattr(annotation, "model_fields"):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)


def _owners(loc: tuple[int | str, ...]) -> list[Any]:
    """The models whose field the last part of a location is (several in a union)."""
    owners: list[Any] = [Settings]
    for part in loc[:-1]:
        fields = [field for owner in owners for field in owner.model_fields.values() if field.alias == part]
        if fields:
            owners = [model for field in fields for model in _models(field.annotation)]
    return owners


def _description(loc: tuple[int | str, ...]) -> str:
    """What the field says of itself; of a whole that has no fields yet, nothing."""
    fields = [field for owner in _owners(loc) for field in owner.model_fields.values()]
    return next((str(field.description) for field in fields if loc and field.alias == loc[-1]), "")


def _siblings(loc: tuple[int | str, ...]) -> list[str]:
    return sorted({str(field.alias) for owner in _owners(loc) for field in owner.model_fields.values()})
