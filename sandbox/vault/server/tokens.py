"""The tokens of a simulated Vault, below auth/token/."""

from __future__ import annotations

import time
from typing import Any

from sandbox.vault.server.barrier import VaultError, denied
from sandbox.vault.server.core import MAX_TTL_S, Call, Token, hashed, seconds

__all__ = ["Tokens", "auth_answer"]


class Tokens:
    """Answers what lies below auth/token/: creates, looks up, renews and revokes tokens."""

    def exists(self, call: Call) -> bool | None:
        """Every write here is an update."""
        return None

    def handle(self, call: Call) -> dict[str, Any] | None:
        """Does what the path below auth/token/ asks for."""
        acts = {
            **{"lookup-self": self._lookup_self, "create": self._create, "create-orphan": self._create},
            **{"revoke-self": self._revoke_self, "renew-self": self._renew_self},
        }
        if call.path not in acts:
            raise VaultError(404, "1 error occurred:\n\t* unsupported path\n\n")
        return acts[call.path](call)

    def _lookup_self(self, call: Call) -> dict[str, Any]:
        entry = _own(call)
        ends = entry["expires"]
        names = ("accessor", "policies", "path", "meta", "display_name", "num_uses", "orphan", "creation_time")
        times = {"issue_time": _moment(entry["creation_time"]), "renewable": _renewable(entry)} if ends else {}
        return {
            "data": {
                **{name: entry[name] for name in (*names, "creation_ttl")},
                "id": call.token_text,
                "ttl": int(ends - time.time()) if ends else 0,
                "expire_time": _moment(ends) if ends else None,
                "explicit_max_ttl": entry.get("explicit_max_ttl", 0),
                "entity_id": "",
                "type": "service",
                **times,
            }
        }

    def _create(self, call: Call) -> dict[str, Any]:
        mine = _own(call)
        wanted = [str(one) for one in call.data.get("policies") or mine.policies]
        if not call.data.get("no_default_policy") and "root" not in wanted:
            wanted = sorted({*wanted, "default"})
        if "root" not in mine.policies and set(wanted) - {*mine.policies, "default"}:
            raise VaultError(400, "child policies must be subset of parent")
        ttl, longest = _duration(call, "ttl"), _duration(call, "explicit_max_ttl")
        ttl = ttl or (0 if wanted == ["root"] else MAX_TTL_S)
        orphan = call.path == "create-orphan" or bool(call.data.get("no_parent"))
        text, entry = call.core.new_token(
            wanted,
            ttl_s=ttl,
            num_uses=int(call.data.get("num_uses") or 0),
            display_name=f"token-{call.data['display_name']}" if call.data.get("display_name") else "token",
            meta=call.data.get("meta"),
            orphan=orphan,
            parent="" if orphan else hashed(call.token_text),
            explicit_max_ttl=longest,
            renewable=call.data.get("renewable") is not False,
        )
        return {"auth": auth_answer(text, entry)}

    def _revoke_self(self, call: Call) -> None:
        call.core.revoke(hashed(call.token_text))

    def _renew_self(self, call: Call) -> dict[str, Any]:
        entry = call.core.barrier.state["tokens"][hashed(call.token_text)]
        if not _renewable(Token(entry)):
            raise VaultError(400, "lease is not renewable")
        entry["expires"] = time.time() + entry["creation_ttl"]
        return {"auth": auth_answer(call.token_text, Token(entry))}


def auth_answer(text: str, entry: Token) -> dict[str, Any]:
    """What a login or a creation answers."""
    return {
        "client_token": text,
        "accessor": entry["accessor"],
        "policies": entry.policies,
        "token_policies": entry.policies,
        "metadata": entry["meta"],
        "lease_duration": entry["creation_ttl"],
        "renewable": _renewable(entry),
        "mfa_requirement": None,
        "entity_id": "",
        "token_type": "service",
        "orphan": entry["orphan"],
        "num_uses": entry["num_uses"],
    }


def _own(call: Call) -> Token:
    if call.token is None:
        raise denied()
    return call.token


def _renewable(entry: Token) -> bool:
    return bool(entry["expires"]) and bool(entry.get("renewable", True))


def _duration(call: Call, name: str) -> int:
    text = str(call.data.get(name) or "")
    try:
        return seconds(text)
    except ValueError:
        raise VaultError(400, f'time: invalid duration "{text}"') from None


def _moment(stamp: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stamp))
