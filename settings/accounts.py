"""Accounts at others' services: of models (smarteros:ai) and of everything else (smarteros:accounts).

An account that is not named is absent: no secret of it is called for, nobody is handed one. What is no secret of it
stands in the settings; its keys are in the keyring, and reach the services that `for` names and no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from settings.findings import Finding
from settings.parts import Setting, matching
from settings.problems import did_you_mean
from settings.secrets import Secret
from settings.services import PlatformServices
from settings.shapes import AccountKind

__all__ = ["Account", "AccountSecret", "Accounts", "Ai", "accounts_of", "every_account", "handed_to"]

EMBEDDING_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
"""https://platform.openai.com/docs/guides/embeddings: the length of a vector, unless a shorter one is asked for."""

Model = Annotated[
    str,
    AfterValidator(
        matching(r"[a-z0-9][a-z0-9.-]{1,63}", "not the name of a model: a word of the vendor's list", "as in its docs")
    ),
]
Id = Annotated[
    str, AfterValidator(matching("[0-9]{5,20}", "not an id of Meta: digits only", "copy it from API Setup, in quotes"))
]
HttpsUrl = Annotated[
    str,
    AfterValidator(
        matching(
            r"https://[a-z0-9.-]+\.[a-z]{2,}", "not an address: https:// and a name, no path", "https://x.example.com"
        )
    ),
]


@dataclass(frozen=True)
class AccountSecret:
    """One key of an account: the variable in which its vendor's own software looks for it, and its entry."""

    variable: str
    secret: Secret


class Account(Setting):
    """An account at somebody else's service."""

    services: tuple[str, ...] = Field(alias="for", min_length=1, description="Which services are handed its keys")

    vendor: ClassVar[str] = ""
    """The name that its vendor goes by."""
    plain: ClassVar[Mapping[str, str]] = {}
    """Variable → the field or property that says it; none of them is a secret."""
    secrets: ClassVar[tuple[AccountSecret, ...]] = ()

    def plain_env(self) -> dict[str, str]:
        """What its services are told of it in plain."""
        values = {variable: getattr(self, name) for variable, name in self.plain.items()}
        return {variable: str(value) for variable, value in values.items() if value is not None}


def _external(variable: str, kind: AccountKind, purpose: str) -> AccountSecret:
    return AccountSecret(variable, Secret(variable.lower(), "external", kind, purpose))


class Openai(Account):
    """OpenAI: embeddings of the knowledge base, and models of assistants."""

    embedding_model: Literal["text-embedding-3-small", "text-embedding-3-large"] = Field(
        "text-embedding-3-small",
        description="The model of vectors; another one means to compute the whole knowledge base anew",
    )
    model: Model | None = Field(None, description="The model of conversations, if any")

    vendor: ClassVar[str] = "OpenAI"
    base_url: ClassVar[str] = "https://api.openai.com/v1"
    plain: ClassVar[Mapping[str, str]] = {
        "OPENAI_BASE_URL": "base_url",
        "OPENAI_EMBEDDING_MODEL": "embedding_model",
        "OPENAI_EMBEDDING_DIMENSIONS": "embedding_dimensions",
        "OPENAI_MODEL": "model",
    }
    secrets: ClassVar[tuple[AccountSecret, ...]] = (
        _external("OPENAI_API_KEY", "openai_api_key", "Pays for embeddings and models of OpenAI"),
    )

    @property
    def embedding_dimensions(self) -> int:
        """How long its vectors are: the column of the knowledge base has the same."""
        return EMBEDDING_DIMENSIONS[self.embedding_model]


class Gemini(Account):
    """Google's Gemini, with an API key of AI Studio."""

    model: Model = Field(description="The model of conversations and of images, as in gemini-2.5-flash")

    vendor: ClassVar[str] = "Google Gemini"
    base_url: ClassVar[str] = "https://generativelanguage.googleapis.com"
    plain: ClassVar[Mapping[str, str]] = {"GEMINI_BASE_URL": "base_url", "GEMINI_MODEL": "model"}
    secrets: ClassVar[tuple[AccountSecret, ...]] = (
        _external("GEMINI_API_KEY", "gemini_api_key", "Pays for models of Gemini"),
    )


class Anthropic(Account):
    """An account at Anthropic, for its model Claude."""

    model: Model = Field(description="The model of conversations, as in claude-haiku-4-5")

    vendor: ClassVar[str] = "Anthropic"
    base_url: ClassVar[str] = "https://api.anthropic.com"
    plain: ClassVar[Mapping[str, str]] = {"ANTHROPIC_BASE_URL": "base_url", "ANTHROPIC_MODEL": "model"}
    secrets: ClassVar[tuple[AccountSecret, ...]] = (
        _external("ANTHROPIC_API_KEY", "anthropic_api_key", "Pays for models of Anthropic"),
    )


class Ai(Setting):
    """The accounts at vendors of models."""

    openai: Openai | None = Field(None, description="OpenAI: embeddings and models")
    gemini: Gemini | None = Field(None, description="Google's Gemini")
    anthropic: Anthropic | None = Field(None, description="Anthropic's Claude")


class Supabase(Account):
    """A project at Supabase: its address and its keys."""

    url: HttpsUrl = Field(description="The project's address, as in https://abcdefgh.supabase.co")
    anon_key: Annotated[
        str,
        AfterValidator(
            matching(
                r"sb_publishable_[A-Za-z0-9_-]+|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
                "not a publishable key of Supabase: sb_publishable_…, or the older JWT of anon (eyJ…)",
                "copy it from the project's Settings, API Keys (a secret key never belongs here)",
            )
        ),
    ] = Field(description="The publishable key, once anon's: browsers have it, so it is no secret")

    vendor: ClassVar[str] = "Supabase"
    plain: ClassVar[Mapping[str, str]] = {"SUPABASE_URL": "url", "SUPABASE_ANON_KEY": "anon_key"}
    secrets: ClassVar[tuple[AccountSecret, ...]] = (
        _external(
            "SUPABASE_SERVICE_ROLE_KEY", "supabase_secret_key", "Reads and writes everything in the Supabase project"
        ),
    )


class Clerk(Account):
    """An instance of Clerk, where people log in."""

    publishable_key: Annotated[
        str,
        AfterValidator(
            matching(
                r"pk_(?:test|live)_[A-Za-z0-9+/=$_-]{8,}",
                "not a publishable key of Clerk: pk_live_…, or pk_test_… of a development instance",
                "copy it from Clerk's dashboard, API keys (a secret key never belongs here)",
            )
        ),
    ] = Field(description="The publishable key: browsers have it, so it is no secret")

    vendor: ClassVar[str] = "Clerk"
    plain: ClassVar[Mapping[str, str]] = {"CLERK_PUBLISHABLE_KEY": "publishable_key"}
    secrets: ClassVar[tuple[AccountSecret, ...]] = (
        _external("CLERK_SECRET_KEY", "clerk_secret_key", "Reads and changes the people who log in by Clerk"),
    )


class Shopify(Account):
    """An app at Shopify, with which stores are reached."""

    app: Annotated[
        str, AfterValidator(matching("[a-z0-9][a-z0-9-]{0,62}", "not an app's handle", "as in smarteros-orders"))
    ] = Field(description="The app's handle in the Dev Dashboard")
    scopes: tuple[
        Annotated[str, AfterValidator(matching("[a-z_]{5,60}", "not an access scope", "as in read_orders"))], ...
    ] = Field(("read_orders", "read_products"), min_length=1, description="What it may do in a store")

    vendor: ClassVar[str] = "Shopify"
    plain: ClassVar[Mapping[str, str]] = {"SHOPIFY_APP": "app", "SHOPIFY_SCOPES": "scopes_together"}
    secrets: ClassVar[tuple[AccountSecret, ...]] = (
        _external("SHOPIFY_API_KEY", "shopify_api_key", "The client ID of the Shopify app"),
        _external("SHOPIFY_API_SECRET", "shopify_api_secret", "Proves to stores that it is the Shopify app"),
    )

    @property
    def scopes_together(self) -> str:
        """As Shopify wants them in an address."""
        return ",".join(self.scopes)


class Whatsapp(Account):
    """A number of the WhatsApp Cloud API."""

    app_id: Id = Field(description="The Meta app's id (App settings, Basic)")
    phone_number_id: Id = Field(description="The number's id (API Setup), not the number itself")
    business_account_id: Id = Field(description="The WhatsApp Business Account's id (API Setup)")

    vendor: ClassVar[str] = "WhatsApp Cloud API"
    plain: ClassVar[Mapping[str, str]] = {
        "WHATSAPP_APP_ID": "app_id",
        "WHATSAPP_PHONE_NUMBER_ID": "phone_number_id",
        "WHATSAPP_BUSINESS_ACCOUNT_ID": "business_account_id",
    }
    secrets: ClassVar[tuple[AccountSecret, ...]] = (
        _external("WHATSAPP_ACCESS_TOKEN", "whatsapp_access_token", "Sends messages as the WhatsApp number"),
        _external("WHATSAPP_APP_SECRET", "meta_app_secret", "Signs what Meta sends (X-Hub-Signature-256)"),
        # Ours, not Meta's: what is typed into the webhook's form there is compared with it.
        AccountSecret(
            "WHATSAPP_VERIFY_TOKEN",
            Secret("whatsapp_verify_token", "shared", "password", "What Meta repeats when it verifies the webhook"),
        ),
    )


class Hostinger(Account):
    """Hostinger, where hosts and perhaps names are rented."""

    vendor: ClassVar[str] = "Hostinger"
    secrets: ClassVar[tuple[AccountSecret, ...]] = (
        _external("HOSTINGER_API_TOKEN", "hostinger_api_token", "Manages the account at Hostinger: hosts, names, DNS"),
    )


class Accounts(Setting):
    """Accounts of everything but models."""

    supabase: Supabase | None = Field(None, description="A project at Supabase")
    clerk: Clerk | None = Field(None, description="An instance of Clerk")
    shopify: Shopify | None = Field(None, description="An app at Shopify")
    whatsapp: Whatsapp | None = Field(None, description="A number of the WhatsApp Cloud API")
    hostinger: Hostinger | None = Field(None, description="The account at Hostinger")


def accounts_of(ai: Ai, accounts: Accounts) -> Iterator[tuple[tuple[str, str], Account]]:
    """The accounts that are named, each with its path in the settings."""
    for part, whole in (("ai", ai), ("accounts", accounts)):
        for key in type(whole).model_fields:
            account = getattr(whole, key)
            if account is not None:
                yield (part, key), account


def every_account() -> Iterator[tuple[tuple[str, str], type[Account]]]:
    """Every account that there can be, with its path."""
    for part, whole in (("ai", Ai), ("accounts", Accounts)):
        for key, field in whole.model_fields.items():
            for kind in getattr(field.annotation, "__args__", ()):
                if isinstance(kind, type) and issubclass(kind, Account):
                    yield (part, key), kind


def handed_to(ai: Ai, accounts: Accounts, all_services: PlatformServices) -> Iterator[Finding]:
    """Keys are handed to services that run, and that pass them on to their software."""
    running = dict(all_services.running())
    takers = [key for key, service in running.items() if service.takes_accounts]
    for path, account in accounts_of(ai, accounts):
        for index, name in enumerate(account.services):
            where = (*path, "for", index)
            if name not in running:
                yield where, name, "no service of this name runs here", did_you_mean(name, takers)
            elif name not in takers:
                yield where, name, "this service has no use for keys of accounts", did_you_mean("", takers)
            elif name in account.services[:index]:
                yield where, name, "named twice", "once"
