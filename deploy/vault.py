"""Makes an environment's Vault work: initialised once, opened with the keyring's keys, its inside declared.

Everything here can be run again at any time and does only what is missing. Keys are in the keyring before anything
depends on them, and none of them is ever replaced or removed by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy import guards, policies
from deploy.beforehand import before_writing
from deploy.engine_run import Outcome, run, run_with_events
from deploy.target import Workplace
from deploy.vault_api import Keys, SealStatus, VaultApi, VaultRefused
from keyring import Keyring, identity_from_environment
from settings import Settings, open_keyring
from settings.entries import keyring_file

__all__ = ["ACCESS_PROJECT", "State", "ensure", "open_sealed", "state"]

ACCESS_PROJECT = "smarteros-access"
Say = Callable[[str], None]


@dataclass(frozen=True)
class State:
    """What `./smos vault status` tells."""

    address: str
    seal: SealStatus
    keys_kept: int
    """How many unseal keys the keyring has."""

    @property
    def opens(self) -> bool:
        """Whether the keyring could open it."""
        return self.seal.initialized and self.keys_kept >= self.seal.threshold


def ensure(place: Workplace, settings: Settings, say: Say, *, anew: bool = False) -> Outcome:
    """Initialised, open, and inside as declared; the provisioner's login is in the keyring afterwards.

    `anew`: a Vault without data is initialised though the keyring has keys of one; those are kept under another path.
    """
    with guards.tunnel_open(place, settings, say):
        api = _api(settings)
        try:
            if not api.status().initialized:
                _initialize(place, settings, api, say, anew)
            _open(place, settings, api, say)
        except VaultRefused as refused:
            raise guards.NotReady(f"Vault of {settings.stack}: {refused}. Mend: {_mend(settings)}") from None
        outcome = _declare_inside(place, settings, say)
        _keep_login(place, settings)
    return outcome


def open_sealed(place: Workplace, settings: Settings, say: Say) -> bool:
    """Opens it with the keyring's keys if it is sealed (True then)."""
    with guards.tunnel_open(place, settings, say):
        try:
            return _open(place, settings, _api(settings), say)
        except VaultRefused as refused:
            raise guards.NotReady(f"Vault of {settings.stack}: {refused}. Mend: {_mend(settings)}") from None


def state(place: Workplace, settings: Settings, say: Say) -> State:
    """How it is; changes nothing."""
    with guards.tunnel_open(place, settings, say):
        api = _api(settings)
        try:
            seal = api.status()
        except VaultRefused as refused:
            raise guards.NotReady(f"Vault of {settings.stack}: {refused}. Mend: {_mend(settings)}") from None
    return State(f"http://127.0.0.1:{settings.forward('vault').local_port}", seal, len(_shares(place, settings)))


def _api(settings: Settings) -> VaultApi:
    if settings.services.vault is None:
        raise guards.NotReady(
            f"{settings.stack} has no Vault. Mend: add vault to smarteros:services in Pulumi.{settings.stack}.yaml"
        )
    return VaultApi(settings.forward("vault").local_port)


def _mend(settings: Settings) -> str:
    return f"./smos up {settings.stack} makes it run; ./smos vault status {settings.stack} tells how it is"


# -- keys --------------------------------------------------------------------------------------------------------------


def _initialize(place: Workplace, settings: Settings, api: VaultApi, say: Say, anew: bool) -> None:
    wanted = settings.services.vault
    if wanted is None:
        raise AssertionError("_api has asked for it")
    prefix = f"{settings.stack}/vault/"
    # Open for changes before there is anything to lose: a keyring that can't be written stops it here.
    with Keyring.changing(keyring_file(place.environ), identity_from_environment(place.environ)) as keyring:
        known = [path for path in keyring.paths() if path.startswith(prefix)]
        if known and not anew:
            raise guards.NotReady(
                f"Vault of {settings.stack} is empty, but the keyring has the keys of one that was there: its data is "
                f"lost, or this is another machine. Mend: bring its data back (the volume, or a snapshot: the keys "
                f"open it again); if it is gone for good: ./smos vault init {settings.stack} --anew keeps the old "
                "keys aside and begins an empty one"
            )
        aside = f"{settings.stack}/vault-until-{datetime.now(UTC):%Y%m%d-%H%M%S}/"
        for path in known:
            keyring.put(aside + path.removeprefix(prefix), keyring.get(path))
            keyring.remove(path)
        say(f"initialising Vault of {settings.stack}: {wanted.key_shares} keys, any {wanted.key_threshold} open it")
        _put_keys(keyring, prefix, api.initialize(wanted.key_shares, wanted.key_threshold))
    say(f"its keys and root token are in {keyring.file.name}")


def _put_keys(keyring: Keyring, prefix: str, keys: Keys) -> None:
    for number, share in enumerate(keys.shares, 1):
        keyring.put(f"{prefix}unsealKeys/{number}", share)
    keyring.put(f"{prefix}rootToken", keys.root_token)


def _open(place: Workplace, settings: Settings, api: VaultApi, say: Say) -> bool:
    status = api.status()
    if not status.initialized:
        raise guards.NotReady(f"Vault of {settings.stack} is not initialised. Mend: ./smos vault init {settings.stack}")
    if not status.sealed:
        return False
    shares = _shares(place, settings)
    if len(shares) < status.threshold:
        raise guards.NotReady(
            f"Vault of {settings.stack} is sealed and takes {status.threshold} keys; the keyring has {len(shares)}. "
            "Mend: the keyring that was there when it was initialised (git log keyring.age); if its initialisation was "
            "interrupted before the keys were kept, it is empty: remove its container and volume, then ./smos up"
        )
    say(f"opening Vault of {settings.stack} with {status.threshold} keys of the keyring")
    api.unseal(shares)
    return True


def _shares(place: Workplace, settings: Settings) -> list[str]:
    keyring = open_keyring(place.environ)
    prefix = f"{settings.stack}/vault/unsealKeys/"
    return [keyring.get(path) for path in keyring.paths() if path.startswith(prefix)]


# -- inside ------------------------------------------------------------------------------------------------------------


def _declare_inside(place: Workplace, settings: Settings, say: Say) -> Outcome:
    stack, project = settings.stack, place.project / "access"
    run(place, project, "stack", "select", stack, "--create", capture=True)
    before_writing(place, stack, say, ACCESS_PROJECT)
    checked = policies.arguments(policies.facts_of(settings), place.scratch)
    outcome = run_with_events(place, project, "up", "--yes", "--skip-preview", "--stack", stack, *checked, capture=True)
    if outcome.changed:
        say(f"inside of Vault of {stack}: {outcome.changed} changes")
    return outcome


def _keep_login(place: Workplace, settings: Settings) -> None:
    """What tenants' stacks log in with, where they look for it."""
    project = place.project / "access"
    text = run(place, project, "stack", "output", "--json", "--show-secrets", "--stack", settings.stack, capture=True)
    outputs = json.loads(text)
    wanted = {
        f"{settings.stack}/vault/{name}": str(outputs[name]) for name in ("provisionerRoleId", "provisionerSecretId")
    }
    keyring = open_keyring(place.environ)
    if any(keyring.find(path) != value for path, value in wanted.items()):
        with Keyring.changing(keyring.file, identity_from_environment(place.environ)) as changing:
            for path, value in wanted.items():
                changing.put(path, value, replace=True)
