"""Who calls whom on the way of a message, and at which address: each declared once, here.

Chatwoot → n8n (classify) → Botpress (converse) → MCP gateway (secure) → n8n (execute) → Chatwoot (answer). Every call
has a secret of its own in the keyring, with which the caller signs and the one called verifies; both are handed the
same entry. What is sent is the applications' own business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from settings.parts import OnDocker

if TYPE_CHECKING:
    from settings.model import Settings

__all__ = ["CALLS", "HMAC_HEADER", "IDENTITY_HEADER", "Call", "address_of", "calls_between", "wiring_entry"]

IDENTITY_HEADER = "X-SMOS-Identity"
HMAC_HEADER = "X-SMOS-HMAC"


@dataclass(frozen=True)
class Call:
    """One call: who makes it, who answers, at which path."""

    name: str
    caller: str
    callee: str
    path: str
    """Below the address of the one called; a part in braces is filled in by the caller."""

    @property
    def secret(self) -> str:
        """The name of its secret."""
        return f"wiring_{self.name}"


CALLS = (
    Call("classify", "chatwoot", "n8n", "/webhook/chatwoot-message"),
    Call("converse", "n8n", "botpress", "/api/v1/bots/{bot}/converse/{user}"),
    Call("secure", "botpress", "mcp", "/mcp"),
    Call("execute", "mcp", "n8n", "/webhook/mcp-execute"),
    Call("answer", "n8n", "chatwoot", "/api/v1/accounts/{account}/conversations/{conversation}/messages"),
)


def calls_between(running: set[str]) -> Iterator[Call]:
    """The calls whose two ends run."""
    return (call for call in CALLS if {call.caller, call.callee} <= running)


def wiring_entry(call: Call, stack: str) -> str:
    """Where in the keyring the secret of a call is."""
    return f"{stack}/wiring/{call.name}"


def address_of(settings: Settings, service: str, seen_from: str) -> str:
    """Where one service reaches another: inside the host's network when both are there, else by its public name."""
    there, here = (getattr(settings.services, key) for key in (service, seen_from))
    placement = there.placement
    if (
        isinstance(placement, OnDocker)
        and isinstance(here.placement, OnDocker)
        and placement.host == here.placement.host
    ):
        return f"http://{service}:{there.port}"
    return settings.address(service).url
