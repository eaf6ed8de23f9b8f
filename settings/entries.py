"""Where the keyring is, and whether it has what the settings call for. Imports no pulumi; never shows a value."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from settings.problems import Problem
from settings.secrets import SHAPES, ExpectedSecret

if TYPE_CHECKING:
    from age_keyring import Keyring

__all__ = ["KEYRING_VARIABLE", "keyring_file", "open_keyring", "secret_problems"]

KEYRING_VARIABLE = "SMOS_KEYRING"
_ROOT = Path(__file__).resolve().parent.parent


def keyring_file(environ: Mapping[str, str] | None = None) -> Path:
    """The keyring's file: what SMOS_KEYRING names, or keyring.age in the clone."""
    named = (os.environ if environ is None else environ).get(KEYRING_VARIABLE)
    return Path(named).expanduser().absolute() if named else _ROOT / "keyring.age"


def open_keyring(environ: Mapping[str, str] | None = None) -> Keyring:
    """The keyring, opened with the key of whoever runs this; or KeyringError."""
    from age_keyring import Keyring, identity_from_environment

    return Keyring.open(keyring_file(environ), identity_from_environment(environ))


def secret_problems(expected: Iterable[ExpectedSecret], keyring: Keyring) -> list[Problem]:
    """Every expected secret that is missing, or not of its shape."""
    found: list[Problem] = []
    for one in expected:
        value, shape = keyring.find(one.entry), SHAPES[one.kind]
        if value is None and one.external:
            mend = f"{shape.mend}; then ./smos keys set {one.entry}"
            found.append(Problem(keyring.file.name, one.entry, "", f"missing ({one.purpose})", mend))
        elif value is None:
            found.append(Problem(keyring.file.name, one.entry, "", f"missing ({one.purpose})", "./smos keys init"))
        elif not shape.fits(value):
            mend = f"{shape.mend}; or ./smos keys set {one.entry} --replace"
            found.append(Problem(keyring.file.name, one.entry, "", shape.why, mend))
    return found
