"""What may stand in a stack's file, written out of the model: docs/settings.md, and the keys in Pulumi.yaml.

`python -m settings.pages` writes both; a test compares. What is only visible across keys is in settings.checks, and no
page lists it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from kept import publish
from settings.places import accepted
from settings.problems import NAMESPACE
from settings.reading import USUAL_SYSTEM, model_of

__all__ = ["PAGE", "PROJECT", "main", "page", "project"]

ROOT = Path(__file__).resolve().parent.parent
PAGE, PROJECT = ROOT / "docs" / "settings.md", ROOT / "Pulumi.yaml"
COMMAND = "python -m settings.pages"
CONFIG = "config:\n"
_GIVEN_BY_THE_LOADER = "stack"
_SCALARS = {str: "text", int: "whole number", float: "number", bool: "true or false", NoneType: ""}
_OF_PULUMI = {"text": "string", "whole number": "integer", "number": "number", "true or false": "boolean"}
_HEAD = f"""<!-- Made by `{COMMAND}` from the model in settings/; a test compares. -->
# Settings

What may stand in `Pulumi.<stack>.yaml`. A key that is not here is refused, with what was probably meant; all that is
wrong is said at once, with the path to it. `required`: without it nothing starts. What depends on several keys at once
is checked, too.
"""


def page() -> str:
    """The text of docs/settings.md, made from the model."""
    parts = [_HEAD]
    for key, field in _keys():
        parts.append(f"\n## `{key}`\n\n{_sentence(field)} {_kind(field)}.\n")
        rows = list(_rows(field, ""))
        if rows:
            parts.append("\n| key | what | kind | default |\n| --- | --- | --- | --- |\n")
            parts += [f"{row}\n" for row in rows]
    return "".join(parts)


def project() -> str:
    """Pulumi.yaml: what stands before its keys, and the keys as the model has them."""
    before, _, _ = PROJECT.read_text(encoding="utf-8").partition(CONFIG)
    config = {key: _declared(field) for key, field in _keys()}
    return before + CONFIG + _indented(yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=10_000))


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def _keys() -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model_of(USUAL_SYSTEM).model_fields.items():
        if name != _GIVEN_BY_THE_LOADER:
            yield f"{NAMESPACE}:{field.alias or name}", field


def _declared(field: FieldInfo) -> dict[str, Any]:
    """A key as Pulumi.yaml has it. One that may be left out needs a default there: an empty object stands for none."""
    kind = "string" if get_origin(field.annotation) is Literal else _OF_PULUMI.get(_word(field.annotation), "object")
    inner = ", ".join(dict.fromkeys(_names(field.annotation)))
    about = f"{field.description}: {inner}" if inner else str(field.description)
    said: dict[str, Any] = {"type": kind, "description": f"{about} (docs/settings.md)" if inner else about}
    if get_origin(field.annotation) is tuple:
        said = {"type": "array", "items": {"type": "object"}, **{"description": said["description"]}}
    if not field.is_required():
        said["default"] = _plain(field)
    return said


def _plain(field: FieldInfo) -> Any:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {} if value is None else TypeAdapter(Any).dump_python(value, mode="json")


def _names(annotation: Any) -> Iterator[str]:
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            yield field.alias or name


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a value may be: through lists, choices, and what is said of a type beside it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation) if get_origin(annotation) is not Literal else ():
        yield from _models(inner)


def _rows(of: FieldInfo, before: str) -> Iterator[str]:
    models: tuple[type[BaseModel], ...] = accepted(of) or tuple(_models(of.annotation))
    for model in models:
        for name, field in model.model_fields.items():
            path = f"{before}{field.alias or name}"
            which = f"{_which(model)}: " if len(models) > 1 else ""
            default = "required" if field.is_required() else _default(field)
            about = f"{which}{field.description or 'which of them it is'}".replace("|", "\\|")
            yield f"| `{path}` | {about} | {_word(field.annotation)} | {default} |"
            yield from _rows(field, f"{path}/")


def _which(model: type[BaseModel]) -> str:
    """How one of several shapes is told from the others: by the value of the key that says so, or by its keys."""
    for name, field in model.model_fields.items():
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        if len(choices) == 1:
            return f"`{field.alias or name}: {choices[0]}`"
    return f"the one with `{next(iter(model.model_fields.values())).alias}`"


def _sentence(field: FieldInfo) -> str:
    return f"{str(field.description).rstrip('.')}."


def _kind(field: FieldInfo) -> str:
    word = _word(field.annotation).capitalize()
    return f"{word}; {'required' if field.is_required() else f'default: {_default(field)}'}"


def _default(field: FieldInfo) -> str:
    value = _plain(field)
    if value in ({}, [], None):
        return "none"
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000).removesuffix("\n...\n")
    return f"`{text.strip()}`"


def _word(annotation: Any) -> str:
    """What a value is, in a word or two."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(word for one in inner if (word := _word(one))))
    if origin in (tuple, list, frozenset):
        return f"list of {_word(inner[0])}s"
    if origin is dict:
        return f"{_word(inner[1])}s by name"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "object"
    if origin is not None and inner:  # Annotated
        return _word(inner[0])
    return _SCALARS.get(annotation, "text")


def main() -> None:
    """Writes docs/settings.md and the keys of Pulumi.yaml anew."""
    publish(PAGE, page())
    publish(PROJECT, project())
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n{PROJECT.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
