"""A YAML document in which no key stands twice: YAML forbids it, its parsers take the last one and say nothing."""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["load_document"]


class _Once(yaml.SafeLoader):
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
        return super().construct_mapping(node, deep=deep)


def load_document(text: str) -> Any:
    """What a text holds. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Once)  # noqa: S506 - a SafeLoader
