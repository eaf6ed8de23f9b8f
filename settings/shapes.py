"""How the keys of outside accounts look, as far as their vendors say it, and where each is made.

A prefix is demanded only where the vendor documents it; of the others it is only known that they are one word. So a
key of tomorrow's form is not refused today.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["ACCOUNT_SHAPES", "AccountKind", "Shape"]

AccountKind = Literal[
    "openai_api_key",
    "gemini_api_key",
    "anthropic_api_key",
    "supabase_secret_key",
    "clerk_secret_key",
    "shopify_api_key",
    "shopify_api_secret",
    "whatsapp_access_token",
    "meta_app_secret",
    "hostinger_api_token",
    "botpress_token",
    "botpress_licence_key",
    "smtp_password",
    "s3_access_key_id",
    "s3_secret_access_key",
]


@dataclass(frozen=True)
class Shape:
    """How a secret of one kind looks, and how one is come by when it can't be generated."""

    pattern: re.Pattern[str]
    why: str
    mend: str
    sample: str = ""
    """What goes before 40 letters and digits to make a value of this shape that is worth nothing: simulated runs."""

    def fits(self, value: str) -> bool:
        """Whether a value is of this shape."""
        return self.pattern.fullmatch(value) is not None


# One word of printable characters: all that is sure of a key whose form its vendor does not document.
_WORD = "[!-~]{16,1024}"

ACCOUNT_SHAPES: dict[AccountKind, Shape] = {
    # API reference, project API keys: `redacted_value` is "sk-abc...def", of admin keys "sk-admin...def".
    "openai_api_key": Shape(
        re.compile(r"sk-(?!admin-)[A-Za-z0-9_-]{16,512}"),
        "not an API key of OpenAI: those begin with sk- (and sk-admin- is for the account, not for models)",
        "create one at https://platform.openai.com/api-keys, in a project of its own, restricted to Model capabilities",
        "sk-proj-",
    ),
    # https://ai.google.dev/gemini-api/docs/api-key: standard keys (AIza…) give way to auth keys (AQ.…) in 2026.
    "gemini_api_key": Shape(
        re.compile(_WORD),
        "not an API key of Gemini: one word of 16 characters or more",
        "create one at https://aistudio.google.com/api-keys (an auth key: standard keys end in September 2026)",
        "AQ.",
    ),
    # https://platform.claude.com/docs/en/get-api-key: "the full key, which begins with sk-ant-".
    "anthropic_api_key": Shape(
        re.compile(r"sk-ant-(?!admin)[A-Za-z0-9_-]{16,512}"),
        "not an API key of Anthropic: those begin with sk-ant- (and sk-ant-admin is for the account, not for models)",
        "create one at https://platform.claude.com/settings/keys, in a workspace of its own",
        "sk-ant-api03-",
    ),
    # https://supabase.com/docs/guides/getting-started/api-keys: sb_secret_…, or the JWT of the role service_role.
    "supabase_secret_key": Shape(
        re.compile(r"sb_secret_[A-Za-z0-9_-]{16,512}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"),
        "not a secret key of Supabase: sb_secret_…, or the older JWT of service_role (eyJ…)",
        "copy it from https://supabase.com/dashboard/project/_/settings/api-keys (a secret, not a publishable key)",
        "sb_secret_",
    ),
    # https://clerk.com/docs/guides/development/clerk-environment-variables: sk_test_… and sk_live_….
    "clerk_secret_key": Shape(
        re.compile(r"sk_(?:test|live)_[!-~]{16,512}"),
        "not a secret key of Clerk: sk_live_… of a production instance, sk_test_… of a development one",
        "copy it from https://dashboard.clerk.com/last-active?path=api-keys (Secret keys)",
        "sk_live_",
    ),
    # https://shopify.dev/docs/apps/build/authentication-authorization/client-secrets: where both are, not their form.
    "shopify_api_key": Shape(
        re.compile(_WORD),
        "not a client ID of a Shopify app: one word of 16 characters or more",
        "copy it from https://dev.shopify.com/dashboard: Apps, the app, Settings, Client ID",
    ),
    # https://shopify.dev/changelog/app-secret-key-length-has-increased: shpss_ and 32 characters, older ones the 32.
    "shopify_api_secret": Shape(
        re.compile(r"(?:shpss_)?[!-~]{32,512}"),
        "not a client secret of a Shopify app: shpss_ and 32 characters, or of an older app the 32 alone",
        "copy it from https://dev.shopify.com/dashboard: Apps, the app, Settings, Secret",
        "shpss_",
    ),
    # https://developers.facebook.com/documentation/business-messaging/whatsapp/access-tokens: no form is promised.
    "whatsapp_access_token": Shape(
        re.compile(_WORD),
        "not an access token of the WhatsApp Cloud API: one word of 16 characters or more",
        "make a system user's token at https://business.facebook.com/settings/system-users that never expires, with "
        "whatsapp_business_messaging and whatsapp_business_management (the one of the App Dashboard ends within a day)",
        "EAA",
    ),
    "meta_app_secret": Shape(
        re.compile(_WORD),
        "not an app secret of Meta: one word of 16 characters or more",
        "copy it from https://developers.facebook.com/apps: the app, App settings, Basic, App secret",
    ),
    # https://developers.hostinger.com: a bearer token; no form is promised.
    "hostinger_api_token": Shape(
        re.compile(_WORD),
        "not an API token of Hostinger: one word of 16 characters or more",
        "create one at https://hpanel.hostinger.com/profile/api; it may do all that its account may: let it expire",
    ),
    # https://botpress.com/docs/api-reference/authentication: no form is promised.
    "botpress_token": Shape(
        re.compile(_WORD),
        "not a token of Botpress Cloud: one word of 16 characters or more",
        "make a personal access token in the profile settings of https://app.botpress.cloud, of a user made for this: "
        "it may do all that its user may",
        "bp_pat_",
    ),
    # botpress/v12 packages/bp/src/core/config/botpress.config.ts, pro.licenseKey: no form is promised.
    "botpress_licence_key": Shape(
        re.compile(_WORD), "not a licence key of Botpress Pro: one word of 16 characters or more", "from Botpress"
    ),
    "smtp_password": Shape(
        re.compile("[!-~]{1,512}"),
        "not one word of printable characters",
        "the mail provider's page on SMTP says which password, or which API key, it takes",
    ),
    # Of R2 too: https://developers.cloudflare.com/r2/api/tokens/ (32 and 64 hexadecimal digits).
    "s3_access_key_id": Shape(
        re.compile(_WORD),
        "not the id of an access key: one word of 16 characters or more",
        "create an access key for this bucket alone, to read and write objects, at the store's own page",
    ),
    "s3_secret_access_key": Shape(
        re.compile(_WORD),
        "not a secret access key: one word of 16 characters or more",
        "it is shown once, when the access key is created",
    ),
}
