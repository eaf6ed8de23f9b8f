"""What a policy of Vault may open: path by path, with the capabilities that are needed there.

The platform's own logins have their lists word by word, as access/ makes them. A tenant's, and another service's, are
made of its own mount or folder, its own key, and its own token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

__all__ = ["PROVISIONER", "STATES", "allowed"]

_ALL = frozenset({"create", "read", "update", "delete"})
_DATA = _ALL | {"patch", "list"}
_USE, _READ, _LIST = frozenset({"update", "read"}), frozenset({"read"}), frozenset({"list"})

PROVISIONER: Mapping[str, frozenset[str]] = {
    "sys/mounts/kv-*": _ALL,
    "kv-*": _ALL | _LIST,
    "sys/policies/acl/tenant-*": _ALL,
    "auth/approle/role/tenant-*": _ALL | _LIST,
    "transit/keys/tenant-*": _ALL,
    # Names alone: by them it is proved that nothing of a deleted tenant is left.
    "sys/mounts": _READ,
    "sys/policies/acl": _LIST,
    "auth/approle/role": _LIST,
    "transit/keys": _LIST,
}
STATES: Mapping[str, frozenset[str]] = {
    "transit/encrypt/states": frozenset({"update"}),
    "transit/decrypt/states": frozenset({"update"}),
    "auth/token/revoke-self": frozenset({"update"}),
}
_PLATFORM = {"provisioner": PROVISIONER, "states": STATES}
_OWN_TOKEN = {f"auth/token/{what}-self": _USE for what in ("lookup", "renew", "revoke")}
_OPERATIONS = "encrypt|decrypt|rewrap|datakey/plaintext|datakey/wrapped|hmac|verify|sign"


def allowed(policy: str, tenant: str, path: str) -> frozenset[str]:
    """What may be opened at a path: nothing, where the path is none that the policy's owner has."""
    if path in _OWN_TOKEN:
        return _OWN_TOKEN[path]
    if not tenant and policy in _PLATFORM:
        return _PLATFORM[policy].get(path, frozenset())
    for pattern, capabilities in _of_tenant(tenant) if tenant else _of_service(policy):
        if re.fullmatch(pattern, path):
            return capabilities
    return frozenset()


def _of_tenant(slug: str) -> Iterator[tuple[str, frozenset[str]]]:
    own = re.escape(slug)
    yield rf"kv-{own}/(?!.*\.\.).*", _DATA
    yield rf"transit/({_OPERATIONS})/tenant-{own}", _USE
    yield rf"transit/keys/tenant-{own}", _READ


def _of_service(name: str) -> Iterator[tuple[str, frozenset[str]]]:
    own = re.escape(name)
    yield rf"platform/(data|metadata)/{own}(/(?!.*\.\.).*)?", _DATA
    yield rf"transit/({_OPERATIONS})/{own}", _USE
    yield "sys/health", _READ
