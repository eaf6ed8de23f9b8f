"""smarteros:images in a stack's file: an image set, or taken out, with everything else kept as it stands.

Where a value stands is asked of ruamel.yaml's parser, and that place alone is written anew; where there is no such
place the file is written anew by ruamel.yaml, comments included. Either is read back, and compared with what was
wanted.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from kept import words
from kept.operator_error import OperatorError

__all__ = ["KEY", "NotChangeable", "images_in", "read", "with_images"]

KEY = "smarteros:images"
Images = Mapping[str, str | None]
"""Whose image → its reference; None: the default runs again."""


class NotChangeable(OperatorError):
    """A stack's file in which an image can't be set by a program."""

    exit_code = 2


def images_in(text: str) -> dict[str, str]:
    """What smarteros:images of a file says. Raises NotChangeable for what is no settings file."""
    images = _config(_loaded(text)).get(KEY) or {}
    if not isinstance(images, dict):
        raise NotChangeable(f"{KEY}: not a mapping. Fix: whose image: name:tag@sha256:…")
    return {str(key): str(value) for key, value in images.items()}


def with_images(text: str, wanted: Images) -> str:
    """The text with these images. Raises NotChangeable when no way of writing it reads back as just that."""
    for key, value in wanted.items():
        text = _with_one(text, key, value)
    return text


def read(file: Path) -> str:
    """The text of a stack's file."""
    return words(file, f"git checkout {file.name}")


def _with_one(text: str, key: str, value: str | None) -> str:
    goal = _wanted(text, key, value)
    if _loaded(text) == goal:
        return text
    for changed in (_in_place(text, key, value), _anew(text, key, value)):
        with contextlib.suppress(NotChangeable):
            if changed is not None and _loaded(changed) == goal:
                return changed
    mend = f"{key}: {value}" if value else f"take {key} out"
    raise NotChangeable(f"{KEY}/{key} can't be changed without changing something else. Fix: by hand: {mend}")


def _wanted(text: str, key: str, value: str | None) -> dict[str, Any]:
    values = _loaded(text)
    config = dict(_config(values))
    images = {**images_in(text), key: value}
    left = {name: one for name, one in images.items() if one is not None}
    config.pop(KEY, None)
    return {**values, "config": {**config, **({KEY: left} if left else {})}}


def _loaded(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise NotChangeable("the stack's file is not YAML. Fix: ./smos preview says where") from None
    if not isinstance(found, dict):
        raise NotChangeable("the stack's file holds no settings. Fix: ./smos preview says what is missing")
    return found


def _config(values: Mapping[str, Any]) -> Mapping[str, Any]:
    config = values.get("config")
    if not isinstance(config, dict):
        raise NotChangeable("the stack's file has no `config`. Fix: ./smos preview says what is missing")
    return config


def _in_place(text: str, key: str, value: str | None) -> str | None:
    """None where there is no one place: the key is to go, or the mapping is written on one line."""
    config = _child(_root(text), "config")
    images = _child(config, KEY)
    if value is None or config is None or config.flow_style:
        return None
    if images is None:
        first = config.value[0][0].start_mark
        indent = " " * first.column
        line = f"{KEY}:\n{indent}  {key}: {value}\n{indent}"
        return f"{text[: first.index]}{line}{text[first.index :]}"
    there = _child(images, key)
    if there is not None:
        return f"{text[: there.start_mark.index]}{value}{text[there.end_mark.index :]}"
    if images.flow_style or not images.value:
        return None
    first = images.value[0][0].start_mark
    return f"{text[: first.index]}{key}: {value}\n{' ' * first.column}{text[first.index :]}"


def _root(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    with contextlib.suppress(YAMLError, RecursionError):
        return YAML(typ="rt").compose(text)
    return None


def _child(node: Any, name: str) -> Any:
    for key, value in _pairs(node):
        if key.value == name:
            return value
    return None


def _pairs(node: Any) -> Iterator[tuple[Any, Any]]:
    found = getattr(node, "value", None)
    yield from found if isinstance(found, list) else ()


def _anew(text: str, key: str, value: str | None) -> str | None:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    rt = YAML(typ="rt")
    rt.preserve_quotes, rt.width = True, 4096
    rt.indent(mapping=2, sequence=4, offset=2)
    written = io.StringIO()
    try:
        values = rt.load(text)
        images = values["config"].setdefault(KEY, {})
        if value is None:
            images.pop(key, None)
        else:
            images[key] = value
        if not images:
            del values["config"][KEY]
        rt.dump(values, written)
    except (YAMLError, RecursionError, TypeError, ValueError, KeyError, AttributeError):
        return None
    return written.getvalue()
