"""What pydantic finds wrong with a file, in this program's words: the path into the file, the value, why, the mend.

Nothing is validated here, and no file is read: `settings.reading` does that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from settings.places import accepted
from settings.problems import Problem, did_you_mean, shown

__all__ = ["explained"]


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


def explained(
    root: type[BaseModel], file: str, details: ErrorDetails, values: Mapping[str, object], prefix: str = ""
) -> Problem:
    """One error of pydantic's, said as this program says it. `prefix` goes before the path into the file."""
    loc = details["loc"]
    path = _real_path(loc, values)
    kind, context = details["type"], details.get("ctx", {})
    given = "" if kind in {"missing", "extra_forbidden"} else shown(details["input"])
    why, mend = details["msg"], str(context.get("mend", ""))
    if kind == "missing":
        about = _description(root, loc)
        why, mend = "missing", f"add it ({about})" if about else "add it"
    elif kind == "extra_forbidden":
        why, mend = "this key is not known", did_you_mean(str(loc[-1]), _siblings(root, loc))
    elif kind in {"union_tag_invalid", "union_tag_not_found"}:
        why, mend = _untagged(root, loc, context)
    elif kind in {"model_type", "dict_type"}:
        why, mend = "must be an object", _description(root, loc) or "keys and values"
    elif kind == "string_type":
        why, mend = "must be a text", _description(root, loc) or "put it in quotes"
    elif kind == "literal_error":
        there = ": it can't run there" if loc[-1] == "where" else ""
        why, mend = f"not one of the choices{there}", f"one of: {context['expected']}"
    elif not mend:
        about = _description(root, loc) or "see the key's description"
        why, mend = why.replace("Input should be", "it should be"), f"correct it ({about})"
    where = prefix + "/".join(str(part) for part in path)
    return Problem(file, where, given, why, mend)


def _models(annotation: Any) -> Iterator[Any]:
    """The models inside a type: of an optional, a union, a list, an annotation."""
    if hasattr(annotation, "model_fields"):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)


def _held(field: FieldInfo) -> Iterator[Any]:
    """The models that a field can hold; of a place, those of every kind that it takes."""
    return iter(accepted(field)) if accepted(field) else _models(field.annotation)


def _owners(root: type[BaseModel], loc: tuple[int | str, ...]) -> list[Any]:
    """The models whose field the last part of a location is (several in a union)."""
    owners: list[Any] = [root]
    for part in loc[:-1]:
        fields = [field for owner in owners for field in owner.model_fields.values() if field.alias == part]
        if fields:
            owners = [model for field in fields for model in _held(field)]
        else:
            owners = [owner for owner in owners if _has_tag(owner, part)] or owners
    return owners


def _has_tag(model: Any, tag: int | str) -> bool:
    """Whether a union's tag means this model: one of its fields can hold nothing else."""
    return any(getattr(field.annotation, "__args__", ()) == (tag,) for field in model.model_fields.values())


def _untagged(root: type[BaseModel], loc: tuple[int | str, ...], context: Mapping[str, Any]) -> tuple[str, str]:
    """Why a union does not know which of its models is meant, and what the key that says it may hold."""
    key = str(context["discriminator"]).strip("'")
    place = key == "where"
    why = "it does not say where it runs" if place else f"it does not say its {key}"
    if "tag" in context:
        why = (
            f"{context['tag']!r} is not a place where it can run" if place else f"{context['tag']!r} is no {key} of it"
        )
    fields = [field for owner in _owners(root, loc) for field in owner.model_fields.values() if field.alias == loc[-1]]
    said = [model.model_fields[key].annotation for field in fields for model in _held(field)]
    tags = ", ".join(str(tag) for annotation in said for tag in getattr(annotation, "__args__", ()))
    return why, f"{key}: one of {context.get('expected_tags', tags)}"


def _description(root: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """What the field says of itself; of a whole that has no fields yet, nothing."""
    fields = [field for owner in _owners(root, loc) for field in owner.model_fields.values()]
    return next((str(field.description) for field in fields if loc and field.alias == loc[-1]), "")


def _siblings(root: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    return sorted({str(field.alias) for owner in _owners(root, loc) for field in owner.model_fields.values()})
