"""A drill of an environment: which backup, which parts of it, with which keys; and what is kept of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.proofs import proofs_folder
from deploy.target import RunTarget, keeps_in
from kept.operator_error import OperatorError
from kept.say import Say
from recovery.catalogue import Catalogue
from recovery.drill.declared import recovery_of
from recovery.drill.proof import Proof
from recovery.drill.run import Place, drilled
from recovery.drill.shelf import keep_proof, signing_key
from recovery.fetched import fetched
from recovery.manifest import Manifest, Part
from recovery.marker import Marker
from recovery.opened import Opened, opened
from recovery.tombstones import tombstones_of
from settings.expected import expected_secrets
from settings.services.recovery import Decrypted, LogsIn, Recovery
from tenants.lifecycle import registry_of
from tenants.secrets import ROOT_KEY, derived_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Drilled", "Scope", "drill"]

_OF_A_SILO = {"n8n_encryption_key": "n8n encryption key", "n8n_owner_password": "n8n owner password"}
"""Of a tenant's own n8n: derived, as tenants/steps/n8n.py has it."""


class NothingToDrill(OperatorError):
    """There is no backup, or none with what was asked for; the text names what there is."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What is drilled: everything, one tenant, or so many tenants by chance with all of the platform."""

    tenant: str = ""
    sample: int = 0

    @property
    def called(self) -> str:
        """As a proof has it."""
        return f"tenant:{self.tenant}" if self.tenant else f"sample:{self.sample}" if self.sample else "all"


@dataclass(frozen=True, kw_only=True)
class Drilled:
    """What came of it."""

    proof: Proof
    file: Path
    """Signed."""
    page: Path


def drill(place: RunTarget, stack: str, scope: Scope, say: Say, seed: int | None = None) -> Drilled:
    """Does it with the newest backup. `seed`: for the choice of a sample. Raises OperatorError; what is wrong with what
    came back is no error: it is in the proof.
    """
    with_stores = opened(place, stack, Marker.now(), say)
    ctx = with_stores.ctx
    key = signing_key(ctx.settings, ctx.keyring)  # without it there would be nothing to show
    manifest = _newest(Catalogue.read(place, with_stores.stores), scope, stack)
    tombstones = tombstones_of(place, stack, ctx.keyring)
    tombstones.refuse(list(manifest.of(tenant=scope.tenant)) if scope.tenant else ())
    living = tombstones.without_erased(manifest.parts)
    parts = _parts(living, scope, random.Random(seed))  # noqa: S311 - which tenants are looked at is no secret
    say(f"drilling {manifest.id} of {stack}: {len(parts)} parts")
    proof = drilled(_place(with_stores, place, stack, say), manifest, parts, scope.called)
    return kept_of(place, proof, key)


def kept_of(place: RunTarget, proof: Proof, key: Ed25519PrivateKey) -> Drilled:
    """Keeps a proof, as a file and as a page."""
    file, page = keep_proof(proofs_folder(place.target), proof, key)
    return Drilled(proof=proof, file=file, page=page)


def _place(with_stores: Opened, place: RunTarget, stack: str, say: Say) -> Place:
    system = with_stores.ctx.settings.system
    ruts = {one.tenant.slug: one.tenant.rut for one in registry_of(stack, place.target).entries}

    def secrets(part: Part) -> Mapping[str, str]:
        declared = recovery_of(system, part.service)
        return dict(_secrets(with_stores, part, declared, ruts)) if declared else {}

    def unasked(service: str) -> str:
        declared = recovery_of(system, service)
        return declared.unasked if declared else ""

    return Place(
        folder=keeps_in(place.target) / "drill" / "scratch",
        environment=stack,
        target=place.target.value,
        system=system,
        fetch=lambda part, folder: fetched(with_stores.stores, part, folder),
        secrets=secrets,
        unasked=unasked,
        say=say,
    )


def _secrets(with_stores: Opened, part: Part, declared: Recovery, ruts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Of the keyring, what this service's questions are answered with; of a tenant's own instance, its own."""
    keyring = with_stores.ctx.keyring
    wanted = {name for one in declared.checks if isinstance(one, Decrypted) for name in one.secrets}
    wanted |= {one.secret for one in declared.checks if isinstance(one, LogsIn)}
    if part.tenant:
        root, rut = keyring.find(ROOT_KEY), ruts.get(part.tenant)
        for name in wanted & set(_OF_A_SILO) if root and rut else ():
            yield name, derived_key(root or "", _OF_A_SILO[name], rut or "")
        return
    for one in expected_secrets(with_stores.ctx.settings):
        value = keyring.find(one.entry) if one.key in wanted else None
        if value:
            yield one.key, value


def _newest(catalogue: Catalogue, scope: Scope, stack: str) -> Manifest:
    whole = catalogue.newest()
    if scope.tenant:
        held = catalogue.with_tenant(scope.tenant)
        if not held:
            newest = whole.manifest.id if whole else "none at all"
            raise NothingToDrill(
                f"no backup of {stack} holds anything of {scope.tenant}; the newest of all is {newest}. "
                f"Fix: ./smos backup {scope.tenant}"
            )
        return held[-1].manifest
    if whole is None:
        raise NothingToDrill(f"there is no backup of all of {stack}. Fix: ./smos backup all --stack {stack}")
    return whole.manifest


def _parts(living: Sequence[Part], scope: Scope, chance: random.Random) -> Sequence[Part]:
    """Those that are drilled; what was erased since does not even come back for that."""
    if scope.tenant:
        return [part for part in living if part.tenant == scope.tenant]
    if not scope.sample:
        return living
    tenants = sorted({part.tenant for part in living if part.tenant})
    chosen = set(chance.sample(tenants, min(scope.sample, len(tenants))))
    return [part for part in living if not part.tenant or part.tenant in chosen]
