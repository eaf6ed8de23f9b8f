"""Whoever makes something logs in as it may: tenants' stacks as the provisioner, never as an administrator.

And where it may: at this machine's end of the SSH forward, or on a host of the settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

from policy.rule import UNKNOWN, Facts, Props, Resource, Rule, part
from policy.rules.database_roles_confined import PROVISIONER_LOGIN

_POSTGRESQL, _VAULT = "pulumi:providers:postgresql", "pulumi:providers:vault"
_DOCKER, _APPS = "pulumi:providers:docker", "pulumi:providers:smarteros-apps"
_APPS_LOGINS = {"postgres": PROVISIONER_LOGIN, "redis": "provisioner"}
_APPROLE = "auth/approle/login"


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    inputs = resource.inputs
    if resource.token == _POSTGRESQL:
        yield from _postgresql(inputs, facts)
    elif resource.token == _VAULT:
        yield from _vault(inputs, facts)
    elif resource.token == _APPS:
        yield from _apps(inputs, facts)
    else:
        host = inputs.get("host")
        if not isinstance(host, str) or not facts.hosts:
            return
        if (urlsplit(host).hostname or host) not in {one.address for one in facts.hosts}:
            yield f"host: {host} is no host of the settings"


def _postgresql(inputs: Props, facts: Facts) -> Iterator[str]:
    user, mode = str(inputs.get("username")), inputs.get("sslmode")
    if facts.tenant and user != PROVISIONER_LOGIN:
        yield f"username: a tenant's stack logs in as {PROVISIONER_LOGIN}"
    if user.endswith("_admin") and mode not in ("require", "verify-full"):
        yield f"sslmode is {mode}: Azure's server is reached with TLS alone, require"
    if facts.tenant and str(inputs.get("superuser", True)).lower() != "false":
        yield "superuser: a tenant's stack has no superuser, false"


def _vault(inputs: Props, facts: Facts) -> Iterator[str]:
    if not facts.tenant:
        return
    if inputs.get("token") is not None:
        yield "token: a tenant's stack logs in by AppRole, authLogin"
    login = inputs.get("authLogin")
    if login is not UNKNOWN and _read(login).get("path") != _APPROLE:
        yield f"authLogin.path: a tenant's stack logs in by {_APPROLE}"


def _apps(inputs: Props, facts: Facts) -> Iterator[str]:
    for server, login in _APPS_LOGINS.items():
        if not isinstance(inputs.get(server), str):
            continue
        login_given = _read(inputs[server])
        if login_given.get("host") != "127.0.0.1":
            yield f"{server}: it is reached at this machine's end of the SSH forward alone"
        elif facts.tenant and login_given.get("user") != login:
            yield f"{server}: a tenant's stack logs in as {login}"


def _read(text: object) -> Props:
    """An object that a provider takes as JSON; empty when it is none. It holds secrets: nothing of it is ever told."""
    try:
        return part(json.loads(text) if isinstance(text, str) else text)
    except ValueError:
        return {}


RULE = Rule(
    name="providers-own",
    says="Stacks log in as whom they may be, and where.",
    types=(_POSTGRESQL, _VAULT, _DOCKER, _APPS),
    check=_check,
    needs_facts=True,
)
