"""One value of everything that decides what is declared for a tenant, and of the rules that judge it: the same in every
clone. By it a tenant is known to be unchanged (tenants/known.py), is not judged again by the policies, and is not done
again by a run that goes on.

All that the clone holds decides, but for what is named here as deciding nothing: a list of the rooms that decide would
miss the next one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from deploy.target import ROOT, Target
from engine import pin
from settings import Settings
from tenants.model import Tenant
from tenants.platform import Platform
from tenants.secrets import TenantSecrets, derived_key

__all__ = ["Fingerprints", "code_of", "deciding_files"]

NOTHING = ("tests", "docs", "bench")
"""Rooms that decide nothing: what checks, describes or measures the others."""
DATA = ("tenants/registry",)
"""Of a tenant its own file decides, which is in its fingerprint by what it says."""
AT_THE_TOP = (".py", ".yaml", ".lock", ".in", ".toml")
_LEFT = (".pyc", ".md")
_PROVIDERS = "pulumi"
_PURPOSE = "tenants known to be unchanged"


class Fingerprints:
    """Of the tenants of one platform, as it is now. Made once a run."""

    def __init__(
        self, settings: Settings, platform: Platform, secrets: TenantSecrets, *, target: Target, vault: str = ""
    ) -> None:
        """`vault`: which Vault it is, by its own name for itself."""
        self.key = derived_key(secrets.root_key, _PURPOSE, "").encode() if secrets.root_key else b""
        """From the keyring, for these and for what is kept of them; empty where the keyring has no root."""
        parts = (
            target.value,
            code_of(ROOT),
            json.dumps(_versions()),
            settings.model_dump_json(),
            json.dumps(platform, default=vars, sort_keys=True),
            vault,
            self._digest(json.dumps(dataclasses.asdict(secrets), sort_keys=True)) if self.key else "",
        )
        self._common = hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def of(self, tenant: Tenant) -> str:
        """One tenant's. Without a key it says nothing of secrets: then a new one of them is not noticed."""
        return self._digest(f"{self._common}\0{tenant.model_dump_json()}")

    def _digest(self, text: str) -> str:
        """With a key of the keyring: nobody can try out what a secret is."""
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


@cache
def code_of(root: Path) -> str:
    """Of everything in a clone that decides, as this process found it."""
    found = hashlib.sha256()
    for file in deciding_files(root):
        content = file.read_bytes()
        found.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def deciding_files(root: Path) -> list[Path]:
    """The files of a clone that decide: its settings and versions, and all that is in a room with Python in it."""
    return sorted(file for file in _files(root) if file.suffix not in _LEFT)


def _files(root: Path) -> Iterator[Path]:
    for one in root.iterdir():
        if one.name.startswith(".") or one.name in NOTHING:
            continue
        if one.is_file():
            if one.suffix in AT_THE_TOP:
                yield one
        elif any(one.glob("*.py")) and not (one / "pyvenv.cfg").exists():
            yield from _room(one, root)


def _room(folder: Path, root: Path) -> Iterator[Path]:
    for one in folder.iterdir():
        if one.is_dir():
            if one.name != "__pycache__" and one.relative_to(root).as_posix() not in DATA:
                yield from _room(one, root)
        elif one.is_file() and not one.name.startswith("."):
            yield one


@cache
def _versions() -> list[tuple[str, str]]:
    """Of the engine, its SDK and the providers', as they are installed."""
    found = ((one.name.lower(), one.version) for one in metadata.distributions() if one.name.startswith(_PROVIDERS))
    return sorted([("engine", pin.VERSION), *found])
