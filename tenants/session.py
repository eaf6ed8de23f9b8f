"""What every run on tenants of one platform stands on: read and opened once, then used for one tenant or a thousand.

Settings, the platform's output, logins, the tunnel, the key of the states, and where each tenant's stack is. Nothing of
one tenant is here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deploy import guards, policies, vault
from deploy.guards import NotReached
from deploy.orphans import end_orphans
from deploy.target import RunTarget, agreed
from kept.say import Say
from settings import Settings
from tenants.beside import Stack, beside
from tenants.encryption import Encryption
from tenants.fingerprint import Fingerprints
from tenants.known import Known
from tenants.lost_databases import Databases
from tenants.model import Tenant
from tenants.platform import Platform, platform_of
from tenants.secrets import TenantSecrets, secrets_for
from tenants.servers import Served, served
from tenants.shards import project_of
from tenants.state import stacks_of
from tenants.workfolder import folder_of

__all__ = ["PlatformSession", "prepared", "reached_as_far"]


@dataclass(frozen=True, kw_only=True)
class PlatformSession:
    """A platform that takes tenants, reached and open."""

    place: RunTarget
    policy_pack: Path
    """What judges the tenants' resources, as the engine takes it."""
    settings: Settings
    platform: Platform
    secrets: TenantSecrets = field(repr=False)
    encryption: Encryption
    known: Known
    """Which tenants are as wanted, without asking."""
    stacks: Mapping[str, str]
    """Slug → project, of every tenant that had a stack when this was made."""

    @property
    def stack(self) -> str:
        """The environment of the platform, as in prod."""
        return self.platform.environment

    @cached_property
    def databases(self) -> Databases:
        """What is on the tenants' database server."""
        return Databases(self.platform.server, self.secrets.provisioner_password)

    def project_of(self, slug: str) -> str:
        """The project of a tenant's stack, be it there or not."""
        return self.stacks.get(slug) or project_of(slug)

    def stack_of(self, slug: str) -> Stack:
        """A tenant's stack: its project and its name."""
        return self.project_of(slug), slug

    def known_unchanged(self, tenants: Iterable[Tenant]) -> set[str]:
        """The slugs of those of whom a run could say no more than is known."""
        return self.known.unchanged({self.stack_of(one.slug): one for one in tenants if one.slug in self.stacks})

    def policies_for(self, tenant: Tenant) -> list[str]:
        """What a run of the engine on this tenant is given, so that the pack judges it."""
        facts = policies.facts_of(self.settings, tenant.slug, tenant.domains, self.place.target)
        return policies.arguments(facts, folder_of(self.place, tenant.slug), self.policy_pack)

    def fingerprint(self, tenant: Tenant) -> str:
        """Of all that decides what is declared for a tenant, and of the rules that judge it."""
        return self.known.fingerprints.of(tenant)


@contextlib.contextmanager
def prepared(place: RunTarget, stack: str, say: Say) -> Iterator[PlatformSession]:
    """Opens it for the block. Raises NotReady before anything of a tenant is touched; NotReached where it is a host or
    Vault that does not answer.
    """
    settings, platform = _looked_up(place, stack, say)
    with guards.tunnel_open(place, settings, say):
        vault_id = _vault_open(place, settings, say)
        secrets = secrets_for(place, platform)
        with Encryption(platform, secrets.states) as encryption, served(place) as servers:
            yield _session(servers, settings, platform, secrets, encryption, vault_id)


@contextlib.contextmanager
def reached_as_far(place: RunTarget, stack: str, say: Say) -> Iterator[tuple[PlatformSession, list[str]]]:
    """The same past what can't be reached, and why it can't be. Tenants' states can't be read or written with it."""
    settings, platform = _looked_up(place, stack, say)
    with guards.tunnel_as_far(place, settings, say) as problems:
        secrets = secrets_for(place, platform)
        with Encryption(platform, None) as no_key, served(place) as servers:
            yield _session(servers, settings, platform, secrets, no_key, ""), problems


def _looked_up(place: RunTarget, stack: str, say: Say) -> tuple[Settings, Platform]:
    settings = guards.settings_of(place, stack)
    platform = platform_of(place, stack)
    agreed(place)
    end_orphans(place, say)
    return settings, platform


def _session(
    servers: Served, settings: Settings, platform: Platform, secrets: TenantSecrets, encryption: Encryption, vault: str
) -> PlatformSession:
    place = servers.place
    return PlatformSession(
        place=place,
        policy_pack=servers.policy_pack,
        settings=settings,
        platform=platform,
        secrets=secrets,
        encryption=encryption,
        known=Known(beside(place), Fingerprints(settings, platform, secrets, target=place.target, vault=vault)),
        stacks=stacks_of(place, folder_of(place, "")),
    )


def _vault_open(place: RunTarget, settings: Settings, say: Say) -> str:
    """Which Vault it is. Refuses at once what would fail in the middle: after a restart, Vault waits for its keys."""
    if not settings.services.vault:
        return ""
    seal = vault.state(place, settings, say).seal
    if seal.sealed:
        raise NotReached(f"Vault of {settings.stack} is sealed. Fix: ./smos vault unseal {settings.stack}")
    return seal.cluster_id
