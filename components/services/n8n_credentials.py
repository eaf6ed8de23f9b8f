"""What n8n's workflows know of accounts: keys that n8n itself fills into credentials that leave them empty.

Variables would be of no use: n8n keeps them from its workflows. An operator makes a credential of the type, gives no
key, and sees none. Source: https://docs.n8n.io/administer/manage-credentials/credential-overwrites/; types and fields
are those of packages/nodes-base/credentials and packages/@n8n/nodes-langchain/credentials in n8n's repository.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi import Input, Output

from components.secrecy import secret
from components.services.handed import HandedAccounts
from components.workload import Workload

__all__ = ["CredentialOverwrites", "credential_overwrites"]

OVERWRITE = "n8n-credentials.json"

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "openAiApi": {"apiKey": "OPENAI_API_KEY"},
    "googlePalmApi": {"apiKey": "GEMINI_API_KEY"},
    "anthropicApi": {"apiKey": "ANTHROPIC_API_KEY"},
    "supabaseApi": {"host": "SUPABASE_URL", "serviceRole": "SUPABASE_SERVICE_ROLE_KEY"},
    "shopifyOAuth2Api": {"clientId": "SHOPIFY_API_KEY", "clientSecret": "SHOPIFY_API_SECRET"},
    "whatsAppApi": {"accessToken": "WHATSAPP_ACCESS_TOKEN", "businessAccountId": "WHATSAPP_BUSINESS_ACCOUNT_ID"},
    "whatsAppTriggerApi": {"clientId": "WHATSAPP_APP_ID", "clientSecret": "WHATSAPP_APP_SECRET"},
}
"""Type of credential → its field → the variable of the account whose value goes there."""


@dataclass(frozen=True, kw_only=True)
class CredentialOverwrites:
    """The variable that names the secret file, and the file."""

    env: Mapping[str, str] = field(default_factory=dict)
    secret_files: Mapping[str, Input[str]] = field(default_factory=dict)


def credential_overwrites(handed: HandedAccounts) -> CredentialOverwrites:
    """None, when n8n has no type for what it is handed."""
    given: dict[str, Input[str]] = {**handed.plain, **handed.keys}
    wanted = {kind: fields for kind, fields in _FIELDS.items() if set(fields.values()) <= given.keys()}
    if not wanted:
        return CredentialOverwrites()
    names = sorted({name for fields in wanted.values() for name in fields.values()})
    values = Output.all(**{name: given[name] for name in names})
    return CredentialOverwrites(
        env={"CREDENTIALS_OVERWRITE_DATA_FILE": f"{Workload.SECRETS_FOLDER}/{OVERWRITE}"},
        secret_files={OVERWRITE: secret(values.apply(lambda known: _text(wanted, known)))},
    )


def _text(wanted: Mapping[str, Mapping[str, str]], known: Mapping[str, str]) -> str:
    return json.dumps(
        {kind: {field: known[name] for field, name in fields.items()} for kind, fields in wanted.items()},
        sort_keys=True,
    )
