"""What stands in an archive in words, read before anything is written anywhere: whoever made the archive chose it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from settings.documents import refuse_deep
from tenants.archive.manifest import ArchiveBroken
from tenants.steps import steps

__all__ = ["keys_in", "of_steps", "secrets_in", "tenant_in"]

MOST_TENANT = 256 * 1024
MOST_LIFE_MS = 1 << 53
_MEND = "Fix: another copy of the archive; ./smos tenant export does not write this"
_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/\x00-\x1f\x7f?#%]{1,255}")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def of_steps() -> frozenset[str]:
    """Secrets that the steps put into the mount: made anew, never an archive's to say."""
    return frozenset(entry for step in steps() for entry in step.entries)


def tenant_in(content: bytes) -> dict[str, object]:
    """What the tenant's file said; whether that can be is the registry's to say. Raises ArchiveBroken."""
    try:
        if len(content) > MOST_TENANT:
            raise ValueError(f"{len(content)} bytes, and {MOST_TENANT} is more than it can have")
        text = content.decode()
        refuse_deep(text, _Loader)
        if any(isinstance(one, yaml.AliasEvent) for one in yaml.parse(text, Loader=_Loader)):
            raise ValueError("a value that refers to another")
        found = yaml.load(text, Loader=_Loader)  # noqa: S506  one of PyYAML's two safe loaders
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise ArchiveBroken(f"tenant.yaml: {_first(error)}. {_MEND}") from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise ArchiveBroken(f"tenant.yaml: no mapping of names to values. {_MEND}")
    return found


def keys_in(content: bytes) -> list[tuple[bytes, bytes, int]]:
    """Each key of Redis without its prefix, its value, and the milliseconds that it lives. Raises ArchiveBroken."""
    return list(_keys(content))


def secrets_in(content: bytes) -> dict[str, Mapping[str, Any]]:
    """Path → keys and values. A path leads nowhere out of the tenant's mount. Raises ArchiveBroken."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArchiveBroken(f"vault.json: no JSON ({_first(error)}). {_MEND}") from None
    if not isinstance(found, dict):
        raise ArchiveBroken(f"vault.json: no mapping of paths to secrets. {_MEND}")
    made_anew = of_steps()
    for path, data in found.items():
        if not all(_SEGMENT.fullmatch(one) for one in path.split("/")) or len(path) > 1024:
            raise ArchiveBroken(f"vault.json: {path[:80]!r} is no path inside of the tenant's mount. {_MEND}")
        if path in made_anew:
            raise ArchiveBroken(f"vault.json: {path} is made anew with the tenant, and never an archive's. {_MEND}")
        if not isinstance(data, dict):
            raise ArchiveBroken(f"vault.json: {path}: no mapping of keys to values. {_MEND}")
    return found


def _keys(content: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line:
            continue
        try:
            name, value, lives_ms = json.loads(line)
            if type(lives_ms) is not int or not 0 <= lives_ms <= MOST_LIFE_MS:
                raise ValueError("no time to live")
            yield base64.b64decode(name, validate=True), base64.b64decode(value, validate=True), lives_ms
        except (ValueError, TypeError, RecursionError) as error:
            raise ArchiveBroken(f"redis.jsonl, line {number}: no key ({_first(error)}). {_MEND}") from None


def _first(error: Exception) -> str:
    return (str(error).splitlines() or ["it can't be read"])[0][:200]
