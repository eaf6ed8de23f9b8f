"""A YAML document in which no key stands twice: YAML forbids it, its parsers take the last one and say nothing."""

from __future__ import annotations

from typing import Any

import yaml

_SHORT, _DEEPEST = 2_000, 50

__all__ = ["load_document", "refuse_deep"]


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where it is there, which is ten times faster: each command reads each environment's file several times."""


class _Once(_Loader):  # type: ignore[misc]  # one of two, both safe
    """Refuses a second key of the same name."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As ever, but for what stands twice. What `<<` merges in may be overridden."""
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                line = key.start_mark.line + 1
                if key.value in seen:
                    problem = f"{key.value} stands here a second time; the first is in line {seen[key.value]}"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen[key.value] = line
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


def load_document(text: str) -> Any:
    """What a text holds. Raises yaml.YAMLError, and RecursionError."""
    refuse_deep(text, _Loader)
    return yaml.load(text, Loader=_Once)  # noqa: S506 - a SafeLoader


def refuse_deep(text: str, loader: Any) -> None:
    """Raises RecursionError. Before a text is loaded: the parser in C ends the whole process on what is too deep."""
    depth = 0
    for event in yaml.parse(text, Loader=loader) if len(text) > _SHORT else ():
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError
