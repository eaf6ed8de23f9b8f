"""From what stands in a configuration to the model, or to every problem in it. Knows nothing of files and
engines.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from settings.checks import CHECKS, Checks
from settings.explained import explained
from settings.model import Settings
from settings.problems import NAMESPACE, Problem, SettingsError, did_you_mean, shown
from settings.systems import SYSTEMS

__all__ = ["KEYS", "USUAL_SYSTEM", "model_of", "parsed", "problems_across", "read_settings"]

KEYS = {str(field.alias): name for name, field in Settings.model_fields.items() if name != "stack"}
_TEXT = {"system", "domain"}
"""Keys whose value is the text that stands there, whatever it would be as JSON."""
USUAL_SYSTEM = Settings.model_fields["system"].default
"""The system of a stack that names none."""
_ALL_SERVICES = "all_services"
"""The services for checks that must see all of them: not there while one of them is unreadable."""


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


def read_settings(
    stack: str, raw: Mapping[str, object], file: str, checks: Checks = CHECKS
) -> tuple[Settings | None, list[Problem]]:
    """The settings, if nothing is wrong, and everything that is wrong, across all keys at once."""
    problems = [_unknown(file, key, stack) for key in raw if key not in KEYS]
    values = {key: parsed(key, value) for key, value in raw.items() if key in KEYS}
    system = str(values.get("system", USUAL_SYSTEM))
    if system not in SYSTEMS:
        # Which services there are is not known either, so nothing is said of them.
        known = f"one of: {', '.join(sorted(SYSTEMS))}"
        problems.append(Problem(file, f"{NAMESPACE}:system", shown(system), "no system is called so", known))
        return None, problems
    model = model_of(system)
    settings: Settings | None = None
    good: dict[str, Any] = {}
    try:
        settings = model.model_validate({**values, "stack": stack})
        good = {name: getattr(settings, name) for name in Settings.model_fields}
        good[_ALL_SERVICES] = settings.services
    except ValidationError as error:
        problems += [_problem(model, file, details, values, system) for details in error.errors()]
        good = dict(_readable(model, values, [details["loc"] for details in error.errors()]))
    problems += problems_across(file, good, checks)
    return (None if problems else settings), problems


def model_of(system: str) -> type[Settings]:
    """The settings of one system: with its services. What asks for no system's own takes settings of any."""
    return cast("type[Settings]", Settings.__class_getitem__(SYSTEMS[system].services))


def _problem(
    model: type[Settings], file: str, details: ErrorDetails, values: Mapping[str, object], system: str
) -> Problem:
    """As pydantic's errors are told; of a service that the system has not, also who has it."""
    found = explained(model, file, details, values, f"{NAMESPACE}:")
    loc = details["loc"]
    if details["type"] != "extra_forbidden" or len(loc) != 2 or loc[0] != "services":
        return found
    others = [name for name, one in SYSTEMS.items() if loc[1] in one.services.model_fields]
    there = sorted(SYSTEMS[system].services.model_fields)
    mend = f"{NAMESPACE}:system: {' or '.join(others)}" if others else did_you_mean(str(loc[1]), there)
    return replace(found, why=f"the system {system} has no service of this name", mend=mend)


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


def _readable(
    model: type[Settings], values: Mapping[str, object], bad: Iterable[tuple[int | str, ...]]
) -> Iterator[tuple[str, Any]]:
    """The parts that are in order, when others are not. Of the services, those that are."""
    broken = {loc[0] for loc in bad}
    services = values.get("services")
    if "services" in broken and isinstance(services, Mapping):
        wrong = {loc[1] for loc in bad if loc[0] == "services" and len(loc) > 1}
        values = {**values, "services": {key: part for key, part in services.items() if key not in wrong}}
        broken -= {"services"}
    elif "services" in values and "services" not in broken:
        yield _ALL_SERVICES, _adapter(model, "services").validate_python(services)
    for key, name in KEYS.items():
        field = model.model_fields[name]
        if key in values and key not in broken:
            yield name, _adapter(model, name).validate_python(values[key])
        elif key not in values and not field.is_required():
            yield name, field.get_default(call_default_factory=True)


def _adapter(model: type[Settings], name: str) -> TypeAdapter[Any]:
    annotation: Any = model.model_fields[name].annotation
    return TypeAdapter(annotation)


def problems_across(file: str, good: Mapping[str, Any], checks: Checks = CHECKS) -> Iterator[Problem]:
    """What is only visible across the parts that are readable. `good`: a field's name, or `all_services` → its value; a
    check is asked when all that its parameters name is there.
    """
    for check in checks:
        needed = list(inspect.signature(check).parameters)
        if all(name in good for name in needed):
            for path, value, why, mend in check(**{name: good[name] for name in needed}):
                yield Problem(file, _path(path), shown(value), why, mend)


def _path(parts: Iterable[object]) -> str:
    return f"{NAMESPACE}:" + "/".join(str(part) for part in parts)
