"""What the engine is told of the policy pack: where it is, what it knows of the environment, how strict it is there.

Rules read no settings themselves: the pack is a process of its own, started by the engine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from deploy.proofs import age_of_newest, pass_by
from deploy.target import ROOT, RunTarget, Target
from hosts.bootstrap import preparation
from kept import keep
from policy.catalogue import configuration
from policy.rule import Facts, Host
from settings import Settings
from settings.addresses import EDGE
from settings.capacity import HOST_RESERVE_MB

__all__ = ["PACK", "arguments", "facts_of"]

PACK = ROOT / "policy"


def facts_of(
    settings: Settings, tenant: str = "", domains: Sequence[str] = (), target: Target = Target.SANDBOX
) -> Facts:
    """What the rules know of an environment, or of one of its tenants, which may have `domains` of its own; and where
    the run is.
    """
    hosts = tuple(
        Host(
            name=host.name,
            address=host.engine_at,
            memory_mb=host.memory_mb,
            reserve_mb=HOST_RESERVE_MB,
        )
        for host in settings.hosts
    )
    storage, holding = settings.services.storage, settings.services.holding
    cloudflare, azure, remote = settings.cloudflare, settings.azure, settings.remote_hosts
    return Facts(
        environment=settings.stack,
        domain=settings.domain,
        hosts=hosts,
        tenant=tenant,
        tenant_domains=tuple(domains),
        system=settings.system,
        backups=storage.backups.container if storage and storage.backups else "",
        backup_domains=tuple(dict.fromkeys(store.domain for store in settings.backup_stores)),
        own_machine=settings.own_machine is not None,
        socket=settings.own_machine.socket if settings.own_machine else "",
        zone_id=cloudflare.zone_id if cloudflare else "",
        account_id=cloudflare.account_id if cloudflare else "",
        subscription_id=azure.subscription_id if azure else "",
        directory_id=azure.tenant_id if azure else "",
        doors=tuple(settings.fqdn(one) for one in (EDGE, holding.hostname if holding else EDGE)),
        host_commands=tuple(sorted({_digest(preparation(one).command(one.bootstrap_user)) for one in remote})),
        is_real=target is Target.REAL,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def of_environment(place: RunTarget, settings: Settings, without_proof: str = "") -> list[str]:
    """The engine's arguments for a run on an environment: its hosts, its platform, the inside of its Vault.
    `without_proof`: why it goes on however old the last proof of a restore is; it is noted.
    """
    facts = facts_of(settings, target=place.target)
    if without_proof:
        pass_by(place.target, settings.stack, without_proof)
    elif settings.backups is not None:
        facts = replace(
            facts,
            proof_age_days=age_of_newest(place.target, settings.stack) / timedelta(days=1),
            proof_max_age_days=settings.backups.proof_max_age_days,
            proof_required=settings.backups.proof_required,
        )
    return arguments(facts, place.scratch)


def arguments(facts: Facts, folder: Path, pack: Path = PACK) -> list[str]:
    """The engine's arguments. `folder` keeps the pack's configuration for as long as the engine runs. `pack`: where the
    engine finds the rules, when it is not to start them itself.
    """
    name = "-".join(part for part in ("policies", facts.environment, facts.tenant) if part)
    file = folder / f"{name}.json"
    keep(file, json.dumps(configuration(facts), indent=2) + "\n")
    return ["--policy-pack", str(pack), "--policy-pack-config", str(file)]
