"""A policy of Vault opens what its owner needs: a tenant's nothing but its own, and nobody's everything.

A policy belongs to a tenant when its stack does, or when its name is `tenant-<slug>`. A tenant's paths begin with
`kv-<slug>/`, or are operations of the transit key `tenant-<slug>`. The text is read as HCL with one `path` block after
the other, or as JSON; what can't be read so is refused.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Resource, Rule, part

_BLOCK = re.compile(r'path\s+"([^"]*)"\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}')
_CAPABILITIES = re.compile(r"capabilities\s*=\s*\[([^\]]*)\]")
_COMMENT = re.compile(r"^\s*(#|//).*$", re.M)
_TENANT = re.compile(r"tenant-(?P<slug>[a-z0-9-]+?)(-(reader|writer|app|operators?))?$")
_OPERATIONS = "encrypt|decrypt|rewrap|datakey/plaintext|datakey/wrapped|hmac|verify|sign"
_OWN_TOKEN = ("auth/token/lookup-self", "auth/token/renew-self", "auth/token/revoke-self")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    name, text = resource.inputs.get("name"), resource.inputs.get("policy")
    if text is UNKNOWN or not isinstance(text, str):
        return
    blocks = list(_blocks(text))
    if not blocks:
        yield f'the policy {name} has no path block that can be read: path "…" {{ capabilities = […] }}'
    named = _TENANT.match(name) if isinstance(name, str) else None
    slug = facts.tenant or (named["slug"] if named else "")
    for path, capabilities in blocks:
        if slug and path not in _OWN_TOKEN and not _own(path, slug):
            mend = f"kv-{slug}/…, transit/<operation>/tenant-{slug}"
            yield f"the policy {name} of the tenant {slug} opens {path}: only {mend}"
        elif path.lstrip("/").startswith(("*", "+")):
            yield f"the policy {name} opens {path}, which is everything: name the mount"
        elif path.startswith("sys/raw") or path in ("sys/*", "auth/*", "identity/*"):
            yield f"the policy {name} opens {path}, with which it can give itself everything: name the operation"
        if "sudo" in capabilities and (slug or path.endswith("*")):
            yield f"the policy {name} has sudo on {path}: leave it to the root token"


def _own(path: str, slug: str) -> bool:
    if ".." in path or "+" in path.partition("/")[0]:
        return False
    transit = re.fullmatch(rf"transit/({_OPERATIONS})/tenant-{re.escape(slug)}", path)
    return path.startswith(f"kv-{slug}/") or path == f"transit/keys/tenant-{slug}" or bool(transit)


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    with contextlib.suppress(ValueError):
        for path, body in part(part(json.loads(text)).get("path")).items():
            yield path, [str(one) for one in part(body).get("capabilities") or []]
        return
    plain = _COMMENT.sub("", text)
    rest = _BLOCK.sub("", plain)
    if "path" in rest:
        return
    for path, body in _BLOCK.findall(plain):
        found = _CAPABILITIES.search(body)
        yield path, re.findall(r'"([^"]*)"', found[1]) if found else []


RULE = Rule(
    name="vault-paths-confined",
    says="Policies of Vault open what their owners need, and no tenant's opens another's.",
    types=("vault:index/policy:Policy",),
    check=_check,
    needs_facts=True,
)
