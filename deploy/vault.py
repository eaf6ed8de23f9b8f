"""Makes an environment's Vault work: initialised once, opened with the keyring's keys, its inside declared.

Everything here can be run again at any time and does only what is missing. Keys are in the keyring before anything
depends on them, and none of them is ever replaced or removed by itself.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from age_keyring import Keyring, identity_from_environment
from deploy import guards, policies
from deploy.engine_run import Outcome, run, run_with_events
from deploy.open_intents import journal_of, noting
from deploy.preflight import before_writing
from deploy.state_key import keep_state_key
from deploy.take_over import NO_CLAIMS, Claims, take_over
from deploy.target import ACCESS_PROJECT, RunTarget
from deploy.vault_api import Keys, SealStatus, VaultApi, VaultRefused
from kept.say import Say
from settings import Settings, open_keyring
from settings.entries import keyring_file

__all__ = ["ACCESS_PROJECT", "State", "ensure", "open_sealed", "state", "states_token"]

LOGINS = ("provisionerRoleId", "provisionerSecretId", "statesRoleId", "statesSecretId")


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


def ensure(
    place: RunTarget, settings: Settings, say: Say, *, anew: bool = False, claims: Claims = NO_CLAIMS
) -> Outcome:
    """Initialised, open, and inside as declared; the provisioner's login is in the keyring afterwards.

    `anew`: a Vault without data is initialised though the keyring has keys of one; those are kept under another path.
    """
    with guards.tunnel_open(place, settings, say):
        api = _api(settings)
        try:
            empty = not api.status().initialized
            if empty:
                _initialize(place, settings, api, say, anew)
            _open(place, settings, api, say)
        except VaultRefused as refused:
            raise guards.NotReady(f"Vault of {settings.stack}: {refused}. Fix: {_mend(settings)}") from None
        outcome = _declare_inside(place, settings, say, claims, empty=empty)
        _keep_what_it_made(place, settings, api, say)
    return outcome


def open_sealed(place: RunTarget, settings: Settings, say: Say) -> bool:
    """Opens it with the keyring's keys if it is sealed (True then)."""
    with guards.tunnel_open(place, settings, say):
        try:
            return _open(place, settings, _api(settings), say)
        except VaultRefused as refused:
            raise guards.NotReady(f"Vault of {settings.stack}: {refused}. Fix: {_mend(settings)}") from None


def state(place: RunTarget, settings: Settings, say: Say) -> State:
    """How it is; changes nothing."""
    with guards.tunnel_open(place, settings, say):
        api = _api(settings)
        try:
            seal = api.status()
        except VaultRefused as refused:
            raise guards.NotReached(f"Vault of {settings.stack}: {refused}. Fix: {_mend(settings)}") from None
    return State(f"http://127.0.0.1:{settings.forward('vault').local_port}", seal, len(_shares(place, settings)))


def states_token(place: RunTarget, settings: Settings, say: Say) -> str:
    """A token with which a plain `pulumi` can read and write tenants' states, and nothing else; it ends by itself."""
    keyring, prefix = open_keyring(place.environ), f"{settings.stack}/vault/states"
    with guards.tunnel_open(place, settings, say):
        try:
            return _api(settings).log_in(keyring.get(f"{prefix}RoleId"), keyring.get(f"{prefix}SecretId"))[0]
        except VaultRefused as refused:
            raise guards.NotReady(f"Vault of {settings.stack}: {refused}. Fix: {_mend(settings)}") from None


def _api(settings: Settings) -> VaultApi:
    if settings.services.vault is None:
        raise guards.NotReady(
            f"{settings.stack} has no Vault. Fix: add vault to smarteros:services in Pulumi.{settings.stack}.yaml"
        )
    return VaultApi(settings.forward("vault").local_port)


def _mend(settings: Settings) -> str:
    return f"./smos up {settings.stack} makes it run; ./smos vault status {settings.stack} tells how it is"


# -- keys --------------------------------------------------------------------------------------------------------------


def _initialize(place: RunTarget, settings: Settings, api: VaultApi, say: Say, anew: bool) -> None:
    wanted = settings.services.vault
    if wanted is None:
        raise AssertionError("_api has asked for it")
    prefix = f"{settings.stack}/vault/"
    # Open for changes before there is anything to lose: a keyring that can't be written stops it here.
    with _changing(place) as keyring:
        known = [path for path in keyring.paths() if path.startswith(prefix)]
        if known and not anew:
            raise guards.NotReady(
                f"Vault of {settings.stack} is empty, but the keyring has the keys of one that was there: its data is "
                f"lost, or this is another machine. Fix: bring its data back (the volume, or a snapshot: the keys "
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


def _open(place: RunTarget, settings: Settings, api: VaultApi, say: Say) -> bool:
    status = api.status()
    if not status.initialized:
        raise guards.NotReady(f"Vault of {settings.stack} is not initialised. Fix: ./smos vault init {settings.stack}")
    if not status.sealed:
        return False
    shares = _shares(place, settings)
    if len(shares) < status.threshold:
        raise guards.NotReady(
            f"Vault of {settings.stack} is sealed and takes {status.threshold} keys; the keyring has {len(shares)}. "
            "Fix: the keyring that was there when it was initialised (git log keyring.age); if its initialisation was "
            "interrupted before the keys were kept, it is empty: remove its container and volume, then ./smos up"
        )
    say(f"opening Vault of {settings.stack} with {status.threshold} keys of the keyring")
    api.unseal(shares)
    return True


def _shares(place: RunTarget, settings: Settings) -> list[str]:
    keyring = open_keyring(place.environ)
    prefix = f"{settings.stack}/vault/unsealKeys/"
    return [keyring.get(path) for path in keyring.paths() if path.startswith(prefix)]


# -- inside ------------------------------------------------------------------------------------------------------------


def _declare_inside(place: RunTarget, settings: Settings, say: Say, claims: Claims, *, empty: bool) -> Outcome:
    """`empty`: nothing of what the state may know is in this Vault."""
    stack, project = settings.stack, place.project / "access"
    run(place, project, "stack", "select", stack, "--create", capture=True)
    before = before_writing(place, stack, say, ACCESS_PROJECT, project)
    if empty and before.get("resources"):
        say(f"forgetting the inside of the Vault that {stack} had before")
        run(place, project, "stack", "rm", stack, "--force", "--yes", "--preserve-config", capture=True)
        run(place, project, "stack", "select", stack, "--create", capture=True)
    checked = policies.of_environment(place, settings)
    take_over(place, settings, stack, {} if empty else before, say, claims, project=ACCESS_PROJECT, folder=project)
    done = ("--yes", "--skip-preview", "--stack", stack)
    with noting(journal_of(place, ACCESS_PROJECT, stack)):
        outcome = run_with_events(place, project, "up", *done, *checked, capture=True)
    if outcome.changed:
        say(f"inside of Vault of {stack}: {outcome.changed} changes")
    return outcome


def _keep_what_it_made(place: RunTarget, settings: Settings, api: VaultApi, say: Say) -> None:
    """Into the keyring: a copy of the key of tenants' states, then what tenants' stacks and the engine log in with."""
    project, stack = place.project / "access", settings.stack
    text = run(place, project, "stack", "output", "--json", "--show-secrets", "--stack", stack, capture=True)
    outputs = json.loads(text)
    wanted = {f"{stack}/vault/{name}": str(outputs[name]) for name in LOGINS}
    try:
        keep_state_key(api, lambda: _changing(place), stack, say)
    except VaultRefused as refused:
        raise guards.NotReady(f"the key of tenants' states in Vault of {stack}: {refused}") from None
    with _changing(place) as keyring:
        for path, value in wanted.items():
            keyring.put(path, value, replace=True)


def _changing(place: RunTarget) -> AbstractContextManager[Keyring]:
    return Keyring.changing(keyring_file(place.environ), identity_from_environment(place.environ))
