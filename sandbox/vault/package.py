"""The simulated Vault provider: all that it does, it does over HTTP in a Vault of this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.core.kinds import Package, functions_of, types_of
from sandbox.core.rules import Forbidden, Must, Required
from sandbox.core.values import Props, Value, is_set
from sandbox.vault import types
from sandbox.vault.http import LOOPBACK

__all__ = ["PACKAGE"]

PROVIDER_GO = "https://github.com/hashicorp/terraform-provider-vault/blob/main/internal/provider/meta.go"
INDEX = "https://registry.terraform.io/providers/hashicorp/vault/latest/docs"
OTHER_LOGINS = (
    *("authLoginAws", "authLoginAzure", "authLoginCert", "authLoginGcp", "authLoginJwt", "authLoginKerberos"),
    *("authLoginOci", "authLoginOidc", "authLoginRadius", "authLoginTokenFile", "authLoginUserpass"),
)


def _on_the_loopback(value: Value, _: Props) -> bool:
    parts = urlsplit(str(value))
    return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK


def _login(value: Value, _: Props) -> bool | str:
    try:
        found: Mapping[str, Any] = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return "not JSON"
    path = str(found.get("path", ""))
    if not (path.startswith("auth/") and path.endswith("/login")):
        return f"{path!r} is no path of a login"
    return {"role_id", "secret_id"} >= set(found.get("parameters") or {}) or "other parameters than AppRole's"


def _has_login(props: Props) -> bool:
    return is_set(props.get("authLogin"))


def _no_login(props: Props) -> bool:
    return not _has_login(props)


PACKAGE = Package(
    name="vault",
    types=types_of(types),
    functions=functions_of(types),
    ids_are_paths=True,
    config=(
        Required(
            path="address",
            says="is required: http://127.0.0.1:PORT, where an SSH forward to Vault begins",
            source=PROVIDER_GO,
        ),
        Must(
            path="address",
            test=_on_the_loopback,
            says="must be an http address on 127.0.0.1: Vault is reached through an SSH forward, and a simulated run"
            " never speaks to a real one",
        ),
        Required(path="token", when=_no_login, says="is required, or authLogin", source=PROVIDER_GO),
        Must(path="authLogin", test=_login, says="must be an AppRole login: path and parameters", source=INDEX),
        *(
            Forbidden(path=name, says="is not simulated: use token, or authLogin with an AppRole", source=INDEX)
            for name in OTHER_LOGINS
        ),
        Forbidden(path="namespace", says="namespaces are a part of Vault Enterprise", source=INDEX),
    ),
)
