"""The shadow project: what the engine sees of the clone in a simulated run, so that no tracked file is ever changed.

`Pulumi.yaml` and `Pulumi.<stack>.yaml` are copies that Pulumi may write to (salt, secrets, `config set`); the
program itself is the clone's own (`main:` points there), so an edit of code needs nothing. An edit of a tracked
settings file is merged in by `refresh`, key by key: what only the shadow has, or has changed since, stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from kept import Damaged, same, words
from sandbox.home import Home, read_json, write_private

__all__ = ["LINKED", "refresh", "tracked_files"]

Adapt = Callable[[str, dict[str, Any]], None]
"""(stack, its config): puts simulated addresses and keys in place of the real ones."""

PROJECTS = ("hosts", "access")
"""Folders with a project of their own that reads the same settings files."""
LINKED = (".venv", "policy", "tenants", "provider")
"""Folders that commands and project files name by a path relative to the project."""
_ABSENT = "\0absent"
_REAL_ONLY = ("encryptionsalt", "encryptedkey", "secretsprovider")
"""What belongs to the real stack's secrets; the shadow's are its own."""


def refresh(home: Home, root: Path, adapt: Adapt) -> bool:
    """Brings the shadow up to date with the clone's tracked files; True when something had changed."""
    changed = _project(root / "Pulumi.yaml", home.project / "Pulumi.yaml", root, root)
    for name in PROJECTS:
        inner = root / name / "Pulumi.yaml"
        if inner.exists():
            changed |= _project(inner, home.project / name / "Pulumi.yaml", root, inner.parent)
    for name in LINKED:
        link = home.project / name
        if (root / name).is_dir() and not link.is_symlink():
            link.symlink_to(root / name, target_is_directory=True)
    for tracked in sorted(root.glob("Pulumi.*.yaml")):
        changed |= _stack(home, tracked, adapt)
    for copy in home.project.glob("Pulumi.*.yaml"):
        if not (root / copy.name).exists():
            copy.unlink()
            changed = True
    return changed


def tracked_files(root: Path) -> list[Path]:
    """The files whose edit makes the shadow stale."""
    projects = (root / name / "Pulumi.yaml" for name in PROJECTS)
    return [root / "Pulumi.yaml", *projects, *sorted(root.glob("Pulumi.*.yaml"))]


def _project(tracked: Path, copy: Path, root: Path, program: Path) -> bool:
    project = _parsed(tracked)
    if not isinstance(project, dict):
        raise Damaged(tracked, "no project file of Pulumi's", f"git checkout {tracked.name}")
    project["main"] = str(program)
    runtime = project.get("runtime")
    options = dict(runtime.get("options", {})) if isinstance(runtime, dict) else {}
    if "virtualenv" in options:
        options["virtualenv"] = str(root / ".venv")
    project["runtime"] = {"name": "python", "options": options}
    for plugin in project.get("plugins", {}).get("providers", []):
        if "path" in plugin:
            plugin["path"] = str((tracked.parent / plugin["path"]).resolve())
    return _write(copy, project)


def _stack(home: Home, tracked: Path, adapt: Adapt) -> bool:
    """Merges one stack's tracked settings into its copy."""
    copy = home.project / tracked.name
    try:
        wanted = yaml.safe_load(words(tracked, f"git checkout {tracked.name}")) or {}
        stack = tracked.name.split(".")[1]
        config = wanted.setdefault("config", {})
        if not isinstance(config, dict):
            raise TypeError("config is not a mapping")
        for key in _REAL_ONLY:
            wanted.pop(key, None)
        wanted["config"] = config = {key: value for key, value in config.items() if not _is_secret(value)}
        adapt(stack, config)
    except (yaml.YAMLError, TypeError, AttributeError, KeyError, ValueError, RecursionError):
        # Malformed: the copy shows the same fault, for the program's own message.
        return _write_text(copy, words(tracked, f"git checkout {tracked.name}"))
    base_file = home.folder / "base" / f"{tracked.name}.json"
    base = read_json(base_file, f"remove it and {copy}: both are made anew from {tracked}") or {"config": {}}
    have = _load(copy)
    merged = {
        **_merged(base, have, wanted, skip="config"),
        "config": _merged(base.get("config", {}), have.get("config", {}), config),
    }
    write_private(base_file, json.dumps(wanted, default=str))
    return _write(copy, merged)


def _merged(
    base: Mapping[str, Any], have: Mapping[str, Any], wanted: Mapping[str, Any], skip: str = ""
) -> dict[str, Any]:
    """`wanted`, but with what the shadow has that the tracked file never had, or that was changed in the shadow."""
    result: dict[str, Any] = {}
    for key in [*wanted, *(name for name in have if name not in wanted)]:
        if key == skip:
            continue
        before, now = base.get(key, _ABSENT), have.get(key, _ABSENT)
        new = wanted.get(key, _ABSENT)
        if isinstance(before, dict) and isinstance(now, dict) and isinstance(new, dict):
            result[key] = _merged(before, now, new)
        elif now != _ABSENT and _as_written(now) != _as_written(before):
            result[key] = now
        elif key in wanted:
            result[key] = wanted[key]
    return result


def _as_written(value: Any) -> Any:
    """As Pulumi writes a value when it saves a stack's file: `true` becomes the text 'true', which is no change."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _is_secret(value: object) -> bool:
    return isinstance(value, dict) and list(value) == ["secure"]


def _load(file: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(words(file, f"remove it: {file.name} of the clone is copied anew"))
    except (FileNotFoundError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _parsed(tracked: Path) -> Any:
    try:
        return yaml.safe_load(words(tracked, f"git checkout {tracked.name}"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Damaged(tracked, f"not YAML ({str(error).splitlines()[0]})", f"git checkout {tracked.name}") from None


def _write(file: Path, content: Mapping[str, Any]) -> bool:
    return _write_text(file, yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=1000))


def _write_text(file: Path, text: str) -> bool:
    if same(file, text):
        return False
    write_private(file, text)
    return True
