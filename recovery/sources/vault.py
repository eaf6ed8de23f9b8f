"""Vault: a snapshot of its storage, which only the unseal keys of the Vault that was saved open.

They are in the keyring, also those of a Vault that was initialised anew since (`deploy.vault`, `vault-until-…`): which
ones a snapshot needs says their fingerprint in the backup. What is inside is compared once it is open: until then a
snapshot is compared with the checksums that it brings.

Its storage is raft, as `components.services.vault` declares it. Of another Vault it is said that there is no snapshot.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from age_keyring import Keyring, identity_from_environment
from deploy.target import keeps_in
from deploy.vault_api import VaultApi, VaultRefused
from deploy.vault_snapshots import NOT_RAFT, broken, put_back, take
from recovery.manifest import Digests, Kind, Part
from recovery.sources.source import Captured, Context, NotRestorable, SourceFailed
from recovery.sources.vault_inside import inside
from settings import keyring_file

__all__ = ["FILE", "VaultSource", "fingerprint", "shares_of", "source_of", "sources"]

FILE = "vault.snap"
_TRIES = 3
_FOR_RESTORE = "vault-for-restore"
"""Below an environment in the keyring: the keys of an empty Vault that is there to be written over."""


@dataclass(frozen=True)
class VaultSource:
    """The Vault of an environment."""

    machine: str
    kind: Kind = "vault"
    service: str = "vault"
    tenant: str = ""
    name: str = "vault:vault"

    @property
    def domain(self) -> str:
        """Its host."""
        return f"host:{self.machine}"

    @contextlib.contextmanager
    def capture(self, ctx: Context, folder: Path) -> Iterator[Captured]:
        """A snapshot, and what is inside at that moment: asked before and after, until both are the same."""
        token = ctx.keyring.get(f"{ctx.stack}/vault/rootToken")
        found, moving = Digests(), True
        for _ in range(_TRIES):
            before = self._asked(ctx, token)
            (folder / FILE).unlink(missing_ok=True)
            taken_at = datetime.datetime.now(datetime.UTC)
            with self._told(ctx):
                take(_port(ctx), token, folder / FILE)
            found = self._asked(ctx, token)
            if found == before:
                moving = False
                break
        status = self._api(ctx).status()
        facts = {"keys": fingerprint(shares_of(ctx.keyring, f"{ctx.stack}/vault")), "moving": str(moving).lower()}
        yield Captured(
            taken_at=taken_at,
            digests=lambda: Digests() if moving else found,
            versions={"vault": status.version},
            facts=facts,
        )

    def restore_beside(self, ctx: Context, folder: Path, part: Part, name: str) -> None:
        """Its file on this machine: a Vault holds one storage, and nothing can lie beside it."""
        aside = _aside(ctx, name)
        aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = aside.with_suffix(".part")
        shutil.copyfile(folder / FILE, draft)
        draft.chmod(0o600)
        draft.replace(aside)

    def check(self, ctx: Context, part: Part, name: str) -> list[str]:
        """Whether it is whole, and the keyring has what opens it."""
        why = broken(_aside(ctx, name))
        return [f"the snapshot is not whole: {why}"] if why else _missing_keys(ctx, part)

    def put_in_place(self, ctx: Context, part: Part, name: str) -> str:
        """Into the Vault that is there: the old one, opened, or an empty one, which is initialised for it. What was in
        it is kept as a snapshot. Opened with the original keys; what is inside is compared then.
        """
        file, old = _aside(ctx, name), f"{name}_before_{ctx.marker.id}"
        if missing := _missing_keys(ctx, part):
            raise NotRestorable(f"Vault of {ctx.stack}: {missing[0]}. Nothing was replaced")
        with self._told(ctx):
            token = self._opened(ctx)
            if token and not _aside(ctx, old).exists():
                draft = _aside(ctx, f"{old}-part")
                draft.unlink(missing_ok=True)
                take(_port(ctx), token, draft)
                draft.replace(_aside(ctx, old))
            status = put_back(_port(ctx), token, file)
            if status.sealed:
                self._api(ctx).unseal(shares_of(_open_keyring(ctx), _original(ctx, part)))
        _settle_keys(ctx, _original(ctx, part))
        token = _open_keyring(ctx).get(f"{ctx.stack}/vault/rootToken")
        wrong = part.digests.differences(self._asked(ctx, token)) if part.digests.contents else []
        if wrong:
            raise SourceFailed(
                f"Vault of {ctx.stack} is open and holds something else than its backup says: {'; '.join(wrong[:5])}. "
                f"Fix: what it held before is in {_aside(ctx, old)}; another backup, of ./smos backups"
            )
        return old

    def remove_old(self, ctx: Context, old: str) -> None:
        """The snapshot of what was there before."""
        if "_before_" not in old:
            raise NotRestorable(f"{self.name}: {old} is nothing that a restore left aside. Nothing was removed")
        _aside(ctx, old).unlink(missing_ok=True)

    # -- the one that is there -----------------------------------------------------------------------------------------

    def _opened(self, ctx: Context) -> str:
        """A root token of the Vault that is there, open. An empty one is initialised: its keys are in the keyring
        before anything depends on them, and are worth nothing once the snapshot is in it.
        """
        api, prefix = self._api(ctx), f"{ctx.stack}/{_FOR_RESTORE}"
        status = api.status()
        if not status.initialized:
            ctx.say(f"initialising an empty Vault for {ctx.stack}, to be written over")
            with _changing(ctx) as keyring:
                keys = api.initialize(1, 1)
                keyring.put(f"{prefix}/unsealKeys/1", keys.shares[0], replace=True)
                keyring.put(f"{prefix}/rootToken", keys.root_token, replace=True)
        keyring = _open_keyring(ctx)
        known = [one for one in (prefix, f"{ctx.stack}/vault") if keyring.find(f"{one}/rootToken")]
        refused = ""
        for one in known:
            try:
                if api.status().sealed:
                    api.unseal(shares_of(keyring, one))
                token = keyring.get(f"{one}/rootToken")
                api.ask("GET", "auth/token/lookup-self", None, token)
                return token
            except VaultRefused as error:
                refused = str(error)
        raise VaultRefused(f"none of the keyring's keys and root tokens opens it ({refused or 'it has none'})")

    def _asked(self, ctx: Context, token: str) -> Digests:
        with self._told(ctx):
            return inside(self._api(ctx), token)

    def _api(self, ctx: Context) -> VaultApi:
        return VaultApi(_port(ctx))

    @contextlib.contextmanager
    def _told(self, ctx: Context) -> Iterator[None]:
        try:
            yield
        except VaultRefused as error:
            mend = f"./smos vault status {ctx.stack} tells how it is, ./smos vault unseal {ctx.stack} opens it"
            if NOT_RAFT in str(error):
                mend = 'storage "raft" in its configuration: of another there are no snapshots'
            raise SourceFailed(f"Vault of {ctx.stack}: {error}. Fix: {mend}") from None


def fingerprint(shares: Sequence[str]) -> str:
    """Of a set of unseal keys: which they are, and nothing of what they are."""
    return hashlib.sha256("\n".join(sorted(shares)).encode()).hexdigest()[:16] if shares else ""


def shares_of(keyring: Keyring, prefix: str) -> list[str]:
    """The unseal keys below a path of the keyring."""
    return [keyring.get(path) for path in keyring.paths() if path.startswith(f"{prefix}/unsealKeys/")]


def _original(ctx: Context, part: Part) -> str:
    """Where the keyring has the keys of the Vault that was saved; empty when nowhere."""
    keyring = _open_keyring(ctx)
    prefixes = {path.partition("/unsealKeys/")[0] for path in keyring.paths() if "/unsealKeys/" in path}
    fitting = [one for one in prefixes if fingerprint(shares_of(keyring, one)) == part.facts.get("keys")]
    return next((one for one in sorted(fitting, key=len) if one.startswith(f"{ctx.stack}/")), next(iter(fitting), ""))


def _missing_keys(ctx: Context, part: Part) -> list[str]:
    if _original(ctx, part):
        return []
    return [
        f"the keyring has none of the unseal keys of the Vault that was saved (fingerprint {part.facts.get('keys')}): "
        "without them nobody opens it. Fix: the keyring of that time (git log keyring.age)"
    ]


def _settle_keys(ctx: Context, original: str) -> None:
    """The keys of the Vault that was saved are the environment's again; those that it had meanwhile are kept aside."""
    current, spare = f"{ctx.stack}/vault", f"{ctx.stack}/{_FOR_RESTORE}"
    with _changing(ctx) as keyring:
        if original != current:
            aside = f"{ctx.stack}/vault-until-{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}"
            _move(keyring, current, aside)
            _move(keyring, original, current)
        for path in [path for path in keyring.paths() if path.startswith(f"{spare}/")]:
            keyring.remove(path)


def _move(keyring: Keyring, source: str, target: str) -> None:
    for path in [path for path in keyring.paths() if path.startswith(f"{source}/")]:
        keyring.put(f"{target}{path.removeprefix(source)}", keyring.get(path), replace=True)
        keyring.remove(path)


def _aside(ctx: Context, name: str) -> Path:
    return keeps_in(ctx.place.target) / "recovery" / "vault" / f"{name}.snap"


def _port(ctx: Context) -> int:
    return ctx.settings.forward("vault").local_port


def _open_keyring(ctx: Context) -> Keyring:
    """As it is now: a restore changes it."""
    return Keyring.open(keyring_file(ctx.place.environ), identity_from_environment(ctx.place.environ))


def _changing(ctx: Context) -> contextlib.AbstractContextManager[Keyring]:
    return Keyring.changing(keyring_file(ctx.place.environ), identity_from_environment(ctx.place.environ))


def source_of(ctx: Context, part: Part) -> VaultSource | None:
    """That of a part of this kind. Raises SourceFailed where there is no Vault any more."""
    if part.kind != "vault":
        return None
    found = next(iter(sources(ctx)), None)
    if found is None:
        raise SourceFailed(f"{ctx.stack} has no Vault. Fix: smarteros:services/vault, then ./smos up {ctx.stack}")
    return found


def sources(ctx: Context) -> Sequence[VaultSource]:
    """The environment's Vault, where it has one."""
    wanted = ctx.settings.services.vault
    machine = wanted.placement.machine if wanted is not None else None
    return (VaultSource(machine),) if machine is not None else ()
