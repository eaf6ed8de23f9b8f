"""A policy of Vault opens what its owner needs, path by path and capability by capability; all else is refused.

A policy belongs to a tenant when its stack does, or when its name is `tenant-<slug>`. What there is to open says
policy/known/vault_paths.py. The text is read as HCL with one `path` block after the other, or as JSON; what can't be
read so, or says more of a path than its capabilities, is refused.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from policy.known.vault_paths import allowed
from policy.rule import UNKNOWN, Facts, Resource, Rule, part

__all__ = ["RULE", "blocks_of"]

_BLOCK = re.compile(r'path\s+"([^"]*)"\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}')
_CAPABILITIES = re.compile(r'"?\bcapabilities"?\s*=\s*\[([^\]]*)\]')
_SAYS = re.compile(r'"?\b([a-z_]+)"?\s*=')
_TEXT = re.compile(r'"[^"]*"')
_COMMENT = re.compile(r"^\s*(#|//).*$", re.M)
_NEVER = ("root", "default")
_TENANT = re.compile(r"tenant-(?P<slug>[a-z0-9-]+)")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    name, text = resource.inputs.get("name"), resource.inputs.get("policy")
    if text is UNKNOWN or not isinstance(text, str):
        return
    if "\\" in text:
        yield f"the policy {name} has a backslash: write its paths as they are"
        return
    blocks = list(blocks_of(text))
    if not blocks:
        yield f'the policy {name} has no path block that can be read: path "…" {{ capabilities = […] }}'
    if name in _NEVER:
        yield f"the policy {name} is Vault's own, and everybody's or root's: another name"
    named = _TENANT.fullmatch(name) if isinstance(name, str) else None
    slug = facts.tenant or (named["slug"] if named else "")
    for path, capabilities in blocks:
        if "sudo" in capabilities:
            yield f"the policy {name} has sudo on {path}: leave it to the root token"
        elif set(capabilities) == {"deny"}:
            continue  # it opens nothing
        else:
            more = sorted(set(capabilities) - allowed(str(name), slug, path))
            if more or not capabilities:
                whose = f" of the tenant {slug}" if slug else ""
                mend = f"only {_mend(str(name), slug)}"
                yield f"the policy {name}{whose} opens {path} to {', '.join(more) or 'nothing'}: {mend}"


def _mend(name: str, slug: str) -> str:
    if slug:
        return f"kv-{slug}/…, transit/<operation>/tenant-{slug}"
    return f"platform/data/{name}/…, transit/<operation>/{name}; others are added to policy/known/vault_paths.py"


def blocks_of(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each path with its capabilities; none when anything of the text can't be read."""
    if text.lstrip().startswith("{"):
        yield from _json_blocks(text)
        return
    plain = _COMMENT.sub("", text)
    found = _BLOCK.findall(plain)
    unread = any(sign in _TEXT.sub("", plain) for sign in ("/*", "*/", "<<"))
    if (
        unread
        or "path" in _BLOCK.sub("", plain)
        or any(set(_SAYS.findall(body)) - {"capabilities"} for _, body in found)
    ):
        return
    for path, body in found:
        yield path, [one for able in _CAPABILITIES.findall(body) for one in re.findall(r'"([^"]*)"', able)]


def _json_blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    with contextlib.suppress(ValueError):
        paths = part(part(json.loads(text, object_pairs_hook=_once)).get("path"))
        if all(isinstance(body, dict) and set(body) <= {"capabilities"} for body in paths.values()):
            for path, body in paths.items():
                yield path, [str(one) for one in body.get("capabilities") or []]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Vault adds up what is given twice; here the second would hide the first."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("given twice")
    return dict(pairs)


RULE = Rule(
    name="vault-paths-confined",
    says="Policies of Vault open what their owners need, and no tenant's opens another's.",
    types=("vault:index/policy:Policy",),
    check=_check,
    needs_facts=True,
)
