"""How the simulated Vault provider speaks to a Vault: HTTP to the configured address, logged in as configured.

Only a Vault of this machine is spoken to: the address must be on the loopback, where an SSH forward begins. Errors are
the words of the real provider's client, which shows method, address and code, and never a token.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from sandbox.core.records import Computing
from sandbox.core.values import Props

__all__ = ["LOOPBACK", "PROVIDER", "Refused", "call", "delete", "login_of", "read", "write"]

PROVIDER = "https://github.com/hashicorp/terraform-provider-vault/blob/main/vault"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TIMEOUT_S = 30
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TOKENS: dict[str, str] = {}
_LOCK = threading.Lock()


class Refused(Exception):
    """What Vault answered; the text is the answer."""

    def __init__(self, text: str, status: int = 0, content: Any = None) -> None:
        super().__init__(text)
        self.status = status
        self.content = content


def call(config: Props, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = "") -> Any:
    """One request. The answer's content, or None for an empty one; raises Refused."""
    address = str(config.get("address") or "").rstrip("/")
    if urlsplit(address).hostname not in LOOPBACK:
        raise Refused(f"dial tcp: no such host here: {address}")
    url = f"{address}/v1/{quote(path, safe='/')}"
    request = urllib.request.Request(  # noqa: S310  the loopback, as checked above
        url,
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Content-Type": "application/json", **({"X-Vault-Token": token} if token else {})},
    )
    try:
        with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
            content = answer.read()
            return json.loads(content) if content.strip() else None
    except urllib.error.HTTPError as error:
        content = _content(error)
        raise Refused(_words(method, url, error.code, content), error.code, content) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Refused(f'{method.title()} "{url}": {reason}: is the tunnel open?') from None


def _content(error: urllib.error.HTTPError) -> Any:
    try:
        return json.loads(error.read())
    except ValueError:
        return None


def _words(method: str, url: str, status: int, content: Any) -> str:
    errors = content.get("errors") or [] if isinstance(content, Mapping) else []
    listed = "\n".join(f"* {one}" for one in errors)
    return f"Error making API request.\n\nURL: {method} {url}\nCode: {status}. Errors:\n\n{listed}".strip()


def login_of(config: Props) -> str:
    """The token that the provider works with: a child of the configured one or of its login, or that one itself."""
    key = json.dumps([config.get(name) for name in ("address", "token", "authLogin", "skipChildToken")], sort_keys=True)
    with _LOCK:
        known = _TOKENS.get(key)
    if known is not None:
        try:
            call(config, "GET", "auth/token/lookup-self", token=known)
        except Refused:
            known = None
    if known is None:
        known = _logged_in(config)
        with _LOCK:
            _TOKENS[key] = known
    return known


def _logged_in(config: Props) -> str:
    token = str(config.get("token") or "")
    login = _login(config)
    if login:
        path, parameters = str(login.get("path", "")), dict(login.get("parameters") or {})
        try:
            answer = call(config, "PUT", path, parameters)
        except Refused as refused:
            raise Refused(f"failed to login with method {path!r}: {refused}", refused.status) from None
        token = str(answer["auth"]["client_token"])
    if not token:
        raise Refused("no vault token set on Client")
    try:
        call(config, "GET", "auth/token/lookup-self", token=token)
    except Refused as refused:
        raise Refused(f"failed to lookup token, err={refused}", refused.status) from None
    if str(config.get("skipChildToken", "false")).lower() == "true":
        return token
    body = {"display_name": str(config.get("tokenName") or "terraform"), "ttl": "1200s", "explicit_max_ttl": "1200s"}
    try:
        child = call(config, "POST", "auth/token/create", body, token)
    except Refused as refused:
        raise Refused(f"failed to create limited child token: {refused}", refused.status) from None
    return str(child["auth"]["client_token"])


def _login(config: Props) -> Mapping[str, Any]:
    """The object, which a provider is given as a text in JSON."""
    given = config.get("authLogin")
    found = json.loads(given) if isinstance(given, str) and given else given
    return found if isinstance(found, Mapping) else {}


def write(computing: Computing, path: str, body: Mapping[str, Any], method: str = "PUT") -> Any:
    """A write with the provider's login."""
    return call(computing.config, method, path, body, login_of(computing.config))


def read(computing: Computing, path: str, *, deleted: bool = False) -> Any:
    """What is there, or None. `deleted`: also what is told of a deleted secret, which comes with the status 404
    (vault/api logical.go ParseRawResponseAndCloseBody).
    """
    try:
        return call(computing.config, "GET", path, token=login_of(computing.config))
    except Refused as refused:
        if refused.status != 404:
            raise
        given = refused.content if isinstance(refused.content, Mapping) else {}
        return given if deleted and given.get("data") else None


def delete(computing: Computing, path: str) -> None:
    """Removes it; nothing happens when it is gone already."""
    try:
        call(computing.config, "DELETE", path, token=login_of(computing.config))
    except Refused as refused:
        if refused.status != 404:
            raise
