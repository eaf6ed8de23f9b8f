"""Settings with every outside account, for tests: each handed to n8n, none of them real."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

__all__ = ["ACCOUNTS", "AI", "all_on", "handed_to"]

AI: dict[str, Any] = {
    "openai": {"for": ["n8n"], "model": "gpt-test"},
    "gemini": {"for": ["n8n"], "model": "gemini-test"},
    "anthropic": {"for": ["n8n"], "model": "claude-test"},
}
ACCOUNTS: dict[str, Any] = {
    "supabase": {"for": ["n8n"], "url": "https://abcdefgh.supabase.co", "anonKey": "sb_publishable_abc"},
    "clerk": {"for": ["n8n"], "publishableKey": "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k"},
    "shopify": {"for": ["n8n"], "app": "orders"},
    "whatsapp": {"for": ["n8n"], "appId": "1234567", "phoneNumberId": "2345678", "businessAccountId": "3456789"},
    "hostinger": {"for": ["n8n"]},
}


def all_on() -> dict[str, Any]:
    """Every account that there can be."""
    return {"ai": deepcopy(AI), "accounts": deepcopy(ACCOUNTS)}


def handed_to(services: dict[tuple[str, str], list[str]]) -> dict[str, Any]:
    """The accounts of those paths only, each handed to the services named."""
    found: dict[str, Any] = {"ai": {}, "accounts": {}}
    for (part, key), names in services.items():
        if names:
            found[part][key] = all_on()[part][key] | {"for": names}
    return found
