"""Over which channels people write to a tenant, who its people are, and its shops: what its file says of them.

Here they are only described and checked; the objects inside the applications are made elsewhere.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from settings.parts import Domain, Email, Setting, matching

__all__ = ["Channels", "Clerk", "Identities", "Shop", "Supabase"]

_NUMBER = matching(r"\+[1-9][0-9]{7,14}", "not a telephone number in E.164", "as in +56912345678")
_DIGITS = matching(r"[0-9]{5,20}", "not the id that Meta gives: 5 to 20 digits", "WhatsApp Manager, API set-up")
_BOT = matching(r"[A-Za-z][A-Za-z0-9_]{4,31}", "not the user name of a Telegram bot", "as @BotFather says, without @")
_SHOP = matching(
    r"[a-z0-9][a-z0-9-]{0,59}\.myshopify\.com", "not the address of a shop at Shopify", "as in acme.myshopify.com"
)
_ORGANISATION = matching(r"org_[A-Za-z0-9]{8,64}", "not an organisation's id at Clerk", "as in org_2abCdEf…")
_PROJECT = matching(r"[a-z]{20}", "not a project's reference: 20 small letters", "Project settings, General")


class WhatsApp(Setting):
    """A number of WhatsApp Business."""

    number: Annotated[str, AfterValidator(_NUMBER)] = Field(description="The number, as in +56912345678")
    phone_number_id: Annotated[str, AfterValidator(_DIGITS)] = Field(description="Its id at Meta")


class Telegram(Setting):
    """A channel by a bot of Telegram."""

    bot: Annotated[str, AfterValidator(_BOT)] = Field(description="Its user name, without @")


class Channels(Setting):
    """Over which channels people write to the tenant."""

    whatsapp: tuple[WhatsApp, ...] = Field((), description="Numbers of WhatsApp Business")
    email: tuple[Email, ...] = Field((), description="Addresses")
    web: tuple[Domain, ...] = Field((), description="Sites on which the chat stands, by their host names")
    telegram: tuple[Telegram, ...] = Field((), description="Bots of Telegram")

    def count(self) -> int:
        """How many there are in all."""
        return len(self.whatsapp) + len(self.email) + len(self.web) + len(self.telegram)


class Clerk(Setting):
    """The tenant's organisation at Clerk."""

    organization_id: Annotated[str, AfterValidator(_ORGANISATION)] = Field(description="As in org_2abCdEf…")


class Supabase(Setting):
    """The tenant's project at Supabase."""

    project_ref: Annotated[str, AfterValidator(_PROJECT)] = Field(description="The project's reference")


class Identities(Setting):
    """Where the tenant's people log in."""

    clerk: Clerk | None = Field(None, description="Its organisation at Clerk")
    supabase: Supabase | None = Field(None, description="Its project at Supabase")


class Shop(Setting):
    """A tenant's shop at Shopify."""

    store: Annotated[str, AfterValidator(_SHOP)] = Field(description="Its address, as in acme.myshopify.com")
