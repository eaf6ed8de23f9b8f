"""One value of everything that decides what is declared for a tenant, and of the rules that judge it: the same in every
clone. By it a tenant is known to be unchanged (tenants/known.py), is not judged again by the policies, and is not done
again by a run that goes on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import re
import sys
from functools import cache
from pathlib import Path

from deploy.code import code_of, deciding_files
from deploy.target import ROOT, Target
from engine import pin
from settings import Settings
from tenants.model import Tenant
from tenants.platform import Platform
from tenants.secrets import TenantSecrets, derived_key

__all__ = ["Fingerprints", "code_of", "deciding_files"]

_PROVIDERS = re.compile(r"(pulumi[^-]*)-(.+)\.(?:dist|egg)-info")
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
def _versions() -> list[tuple[str, str]]:
    """Of the engine, its SDK and the providers', as they are installed: as their folders are called, since reading what
    each package of the virtualenv says of itself takes as long as starting the engine.
    """
    folders = (Path(folder) for folder in sys.path if folder and Path(folder).is_dir())
    names = (_PROVIDERS.fullmatch(one.name.lower()) for folder in folders for one in folder.glob("pulumi*-info"))
    return sorted([("engine", pin.VERSION), *{(name[1], name[2]) for name in names if name}])
