"""The stores of an environment's settings as restic's repositories, with their keys from the keyring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from age_keyring import Keyring
from deploy.target import RunTarget, keeps_in
from kept.operator_error import OperatorError
from recovery.restic import Restic
from recovery.restic_program import LIMITS, Limits, Repository
from settings import Settings
from settings.backups import AnyStore, AzblobStore, Backups, R2Store
from settings.expected import expected_secrets

__all__ = ["NoBackups", "backups_of", "repositories", "stores_for"]

PASSWORD = "restic_password"  # noqa: S105 - a name
KEY_IDS, SECRET_KEYS = "backup_store_access_key_ids", "backup_store_secret_keys"


class NoBackups(OperatorError):
    """The settings declare no backups, or none that survives what is to be backed up."""

    exit_code = 2


def backups_of(settings: Settings) -> Backups:
    """What the settings say of backups. Raises NoBackups."""
    if settings.backups is None:
        raise NoBackups(
            f"Pulumi.{settings.stack}.yaml: smarteros:backups: there is none, so nothing is backed up. "
            "Fix: docs/backups.md, Where backups go"
        )
    return settings.backups


def stores_for(backups: Backups, domain: str, source: str) -> Sequence[AnyStore]:
    """The stores that survive the loss of a source's failure domain. Raises NoBackups."""
    found = backups.stores_for(domain)
    if not found:
        raise NoBackups(
            f"smarteros:backups/stores: {source} is in {domain}, and so is every store: both would be lost together. "
            "Fix: add a store of another failure domain"
        )
    return found


def repositories(
    place: RunTarget, settings: Settings, keyring: Keyring, limits: Limits = LIMITS
) -> Mapping[str, Restic]:
    """Store → its repository. Asks nothing of it. Raises NoBackups, KeyringError, ResticMissing."""
    wanted = expected_secrets(settings)
    password = keyring.get(next(one.entry for one in wanted if one.name == PASSWORD))
    entries = {(one.name, one.key): one.entry for one in wanted if one.name in (KEY_IDS, SECRET_KEYS)}
    cache = keeps_in(place.target) / "restic-cache"
    found: dict[str, Restic] = {}
    for store in backups_of(settings).stores:
        keys = {name: keyring.get(entry) for (name, key), entry in entries.items() if key == store.name}
        repository = Repository(store=store.name, url=_url(store), password=password, environ=_environ(store, keys))
        found[store.name] = Restic(repository, settings.stack, Path(cache), limits)
    return found


def _url(store: AnyStore) -> str:
    if isinstance(store, AzblobStore):
        return f"azure:{store.container}:/{store.repository}"
    return f"s3:{store.endpoint}/{store.bucket}/{store.repository}"


def _environ(store: AnyStore, keys: Mapping[str, str]) -> dict[str, str]:
    """As restic reads them (restic, doc/030_preparing_a_new_repo.rst)."""
    secret = keys[SECRET_KEYS]
    if isinstance(store, AzblobStore):
        name = "AZURE_ACCOUNT_SAS" if "sig=" in secret else "AZURE_ACCOUNT_KEY"
        return {"AZURE_ACCOUNT_NAME": store.account, name: secret}
    region = "auto" if isinstance(store, R2Store) else store.region
    return {"AWS_ACCESS_KEY_ID": keys[KEY_IDS], "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": region}
