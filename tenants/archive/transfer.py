"""Export and import: a live tenant into an archive, an archive into a new tenant, each compared with what it says."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from age_keyring import Keyring, KeyringError, identity_from_environment
from age_keyring.signing import Statement, private_of
from kept.say import Say
from settings import SHAPES, keyring_file
from settings.secrets import SIGNING_SECRETS, entry_of
from tenants.archive import file as archive
from tenants.archive.content import Content
from tenants.archive.manifest import TENANT, ArchiveBroken, Manifest, Part, digest, read_manifest
from tenants.archive.parts import differences, parts_of
from tenants.archive.serials import Serials
from tenants.archive.shelf import shelf_of
from tenants.archive.texts import tenant_in
from tenants.model import Tenant
from tenants.registry import text_of
from tenants.session import PlatformSession

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Exported", "Opened", "export", "fill", "open_archive"]


@dataclass(frozen=True)
class Exported:
    """An archive that was written, read back and found whole."""

    file: Path
    manifest: Manifest


@dataclass(frozen=True)
class Opened:
    """An archive whose every checksum is right."""

    file: Path
    manifest: Manifest
    parts: dict[str, bytes]
    statement: Statement | None = None
    """What this keyring signed; None of one that was trusted by its checksum."""

    @property
    def values(self) -> dict[str, object]:
        """What the tenant's file said."""
        return tenant_in(self.parts[TENANT])


def export(session: PlatformSession, tenant: Tenant, folder: Path, say: Say) -> Exported:
    """Writes the tenant into a new archive. What is written meanwhile by its applications may be half in it: suspend it
    first when that matters; `delete` does.
    """
    say(f"exporting {tenant.slug}")
    with parts_of(session, tenant) as there:
        parts, content, about = there.dump()
    parts[TENANT] = text_of(tenant).encode()
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    manifest = Manifest.model_validate(
        {
            "slug": tenant.slug,
            "rut": tenant.rut,
            "name": tenant.name,
            "environment": session.stack,
            "made": made,
            **about,
            "parts": {name: Part(sha256=digest(one), size=len(one)) for name, one in parts.items()},
            "content": content,
        }
    )
    written = manifest.model_dump_json(by_alias=True, indent=1).encode()
    target = folder / f"{tenant.slug}-{made.replace(':', '').replace('-', '')}{archive.SUFFIX}"
    if target.exists():
        raise ArchiveBroken(f"{target} is there already. Fix: a second later, or another folder")
    serials, keyring = Serials(shelf_of(session.place).folder), _keyring(session)
    statement = Statement(
        purpose="archive",
        stack=session.stack,
        subject=tenant.slug,
        made=made,
        serial=serials.next(session.stack, tenant.slug),
        signer="",
    )
    whole = {**parts, archive.MANIFEST: written}
    archive.write(target, whole, keyring.recipients, _signing_key(session, keyring), statement)
    open_archive(session, target)  # what can't be read back is no archive
    serials.saw(statement)
    return Exported(target, manifest)


def open_archive(session: PlatformSession, file: Path, trust: str = "") -> Opened:
    """The archive, signed by this keyring or with the checksum `trust`, and whole. Raises ArchiveBroken."""
    identity = identity_from_environment(session.place.environ)
    found = archive.read(file, identity, _signing_key(session, _keyring(session)), trust=trust)
    try:
        manifest = read_manifest(found.parts.pop(archive.MANIFEST), found.parts)
        given = found.statement
        if given and (given.stack, given.subject, given.made) != (manifest.environment, manifest.slug, manifest.made):
            raise ArchiveBroken("manifest.json: it is of another tenant, environment or time than was signed")
        tenant_in(found.parts[TENANT])
    except ArchiveBroken as error:
        raise ArchiveBroken(f"{file}: {error}") from None
    return Opened(file, manifest, found.parts, found.statement)


def _keyring(session: PlatformSession) -> Keyring:
    return Keyring.open(keyring_file(session.place.environ), identity_from_environment(session.place.environ))


def _signing_key(session: PlatformSession, keyring: Keyring) -> Ed25519PrivateKey:
    secret = next(one for one in SIGNING_SECRETS if one.name == "archive_signing_key")
    entry = entry_of(secret, session.stack, alone=session.settings.own_machine is not None)
    if (seed := keyring.get(entry)) and SHAPES[secret.kind].fits(seed):
        return private_of(seed)
    raise KeyringError(keyring.file, f"{entry}: {SHAPES[secret.kind].why}", f"./smos keys generate {entry} --replace")


def fill(session: PlatformSession, opened: Opened, tenant: Tenant, say: Say) -> Content:
    """Puts an archive's content into a tenant that was just made, and compares. Raises ArchiveBroken when what is there
    then is not what the archive says.
    """
    say(f"filling {tenant.slug} from {opened.file.name}")
    with parts_of(session, tenant) as there:
        for left in there.restore(opened.parts):
            say(f"warning: this platform has no place for {left}: it stays in the archive alone")
        found = there.content()
    for why in differences(found, opened.manifest.content):
        raise ArchiveBroken(f"{tenant.slug}: after the import {why}")
    return found
