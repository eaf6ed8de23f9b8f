"""A policy of Vault opens what its owner needs: a tenant's nothing but its own, and nobody's everything.

A policy belongs to a tenant when its stack does, or when its name is `tenant-<slug>`. A tenant's paths begin with
`kv-<slug>/`, or are operations of the transit key `tenant-<slug>`. Other policies reach no tenant's mount, and nothing
that gives more than the policy says; the provisioner's patterns, and the use of the key of tenants' states, are known
here word by word: with that key every tenant's state is read, and a key's backup is the key. The text is read as HCL
with one `path` block after the other, or as JSON; what can't be read so is refused.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from policy.rule import UNKNOWN, Facts, Resource, Rule, part

_BLOCK = re.compile(r'path\s+"([^"]*)"\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}')
_CAPABILITIES = re.compile(r'"?\bcapabilities"?\s*=\s*\[([^\]]*)\]')
_LEGACY = re.compile(r'"?\bpolicy"?\s*=')
_TEXT = re.compile(r'"[^"]*"')
_COMMENT = re.compile(r"^\s*(#|//).*$", re.M)
_TENANT = re.compile(r"tenant-(?P<slug>[a-z0-9-]+)")
_OPERATIONS = "encrypt|decrypt|rewrap|datakey/plaintext|datakey/wrapped|hmac|verify|sign"
_ALL_POWERFUL = ("sys/polic", "sys/auth", "sys/raw", "auth/token/", "identity/")
"""How paths begin with which a login gives itself, or another one, everything."""
_TENANTS_MOUNTS = "kv-"
_PROVISIONER = "provisioner"
_PROVISIONERS = (
    "sys/mounts/kv-*",
    "kv-*",
    "sys/policies/acl/tenant-*",
    "auth/approle/role/tenant-*",
    "transit/keys/tenant-*",
)
# Names alone: by them it is proved that nothing of a deleted tenant is left.
_PROVISIONERS_LISTS = {
    "sys/mounts": {"read"},
    "sys/policies/acl": {"list"},
    "auth/approle/role": {"list"},
    "transit/keys": {"list"},
}
_STATES = "states"
_STATES_KEY = ("transit/encrypt/states", "transit/decrypt/states")
_KEYS_IN_PLAIN = (
    "transit/backup/",
    "transit/export/",
    "transit/byok-export/",
    "transit/restore",
    "transit/keys/states",
)
_KNOWN = {_PROVISIONER: _PROVISIONERS, _STATES: _STATES_KEY}
_OWN_TOKEN = ("auth/token/lookup-self", "auth/token/renew-self", "auth/token/revoke-self")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    name, text = resource.inputs.get("name"), resource.inputs.get("policy")
    if text is UNKNOWN or not isinstance(text, str):
        return
    if "\\" in text:
        yield f"the policy {name} has a backslash: write its paths as they are"
        return
    blocks = list(_blocks(text))
    if not blocks:
        yield f'the policy {name} has no path block that can be read: path "…" {{ capabilities = […] }}'
    named = _TENANT.fullmatch(name) if isinstance(name, str) else None
    slug = facts.tenant or (named["slug"] if named else "")
    for path, capabilities in blocks:
        if "sudo" in capabilities:
            yield f"the policy {name} has sudo on {path}: leave it to the root token"
        elif set(capabilities) == {"deny"}:
            continue  # it opens nothing
        elif path in _OWN_TOKEN or (not slug and _known(str(name), path, set(capabilities))):
            continue
        elif slug and not _own(path, slug):
            mend = f"kv-{slug}/…, transit/<operation>/tenant-{slug}"
            yield f"the policy {name} of the tenant {slug} opens {path}: only {mend}"
        elif not slug:
            yield from _too_wide(str(name), path.lstrip("/"))


def _known(name: str, path: str, capabilities: set[str]) -> bool:
    """What one of the platform's own logins has, word by word."""
    lists = name == _PROVISIONER and capabilities == _PROVISIONERS_LISTS.get(path)
    return lists or path in _KNOWN.get(name, ())


def _too_wide(name: str, path: str) -> Iterator[str]:
    """What a policy of the platform may not open."""
    if path.startswith(("*", "+")):
        yield f"the policy {name} opens {path}, which is everything: name the mount"
    elif any(_reaches(path, start) for start in _ALL_POWERFUL):
        yield f"the policy {name} opens {path}, with which it can give itself everything: name the operation"
    elif _reaches(path, _TENANTS_MOUNTS):
        yield f"the policy {name} opens {path}, which tenants have: only {_PROVISIONER} does"
    elif any(_reaches(path, start) for start in (*_STATES_KEY, *_KEYS_IN_PLAIN)):
        yield f"the policy {name} opens {path}, with which tenants' states can be read: only {_STATES} uses that key"


def _reaches(pattern: str, start: str) -> bool:
    """Whether a pattern matches some path that begins so: `*` stands for anything, `+` for anything without `/`."""
    if not start or pattern.startswith("*"):
        return True
    if pattern.startswith("+"):
        return _reaches(pattern[1:], start) or (start[0] != "/" and _reaches(pattern, start[1:]))
    return pattern[:1] == start[0] and _reaches(pattern[1:], start[1:])


def _own(path: str, slug: str) -> bool:
    if ".." in path or "+" in path.partition("/")[0]:
        return False
    transit = re.fullmatch(rf"transit/({_OPERATIONS})/tenant-{re.escape(slug)}", path)
    return path.startswith(f"kv-{slug}/") or path == f"transit/keys/tenant-{slug}" or bool(transit)


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each path with its capabilities; none when anything of the text can't be read."""
    if text.lstrip().startswith("{"):
        yield from _json_blocks(text)
        return
    plain = _COMMENT.sub("", text)
    found = _BLOCK.findall(plain)
    unread = any(sign in _TEXT.sub("", plain) for sign in ("/*", "*/", "<<"))
    if unread or "path" in _BLOCK.sub("", plain) or any(_LEGACY.search(body) for _, body in found):
        return
    for path, body in found:
        yield path, [one for able in _CAPABILITIES.findall(body) for one in re.findall(r'"([^"]*)"', able)]


def _json_blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    with contextlib.suppress(ValueError):
        paths = part(part(json.loads(text, object_pairs_hook=_once)).get("path"))
        if all(isinstance(body, dict) and "policy" not in body for body in paths.values()):
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
