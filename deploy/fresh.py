"""Whether a sandbox's own files are still what the clone's settings and code made of them: then nothing is done again.

Bringing them up to date takes a tenth of a second, which is a tenth of a command on a tenant that has not changed. By
content, not by time: what somebody damaged or edited in between is brought up to date as ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from deploy.code import code_of
from deploy.target import ROOT
from kept import Damaged, keep, raw, same
from sandbox.home import Home
from sandbox.official import official_plugins
from sandbox.shadow import LINKED

__all__ = ["is_fresh", "keep_fresh"]

_ALWAYS = (
    "keyring.age",
    "keyring.recipients",
    "key.txt",
    "passphrase",
    "scene.json",
    "tunnel-ports.json",
    ".smos-target",
)
_MADE = ("key.txt.*", "base/*", "seen/**/*", "hosts/*/*key*")
_SHADOW = ("Pulumi*.yaml", "*/Pulumi.yaml")


def is_fresh(home: Home) -> bool:
    """Whether all is as `keep_fresh` found it."""
    stamp = _stamp(home)
    return bool(stamp) and same(_note(home), stamp)


def keep_fresh(home: Home) -> None:
    """Once everything is up to date."""
    if stamp := _stamp(home):
        keep(_note(home), stamp)


def _note(home: Home) -> Path:
    return home.folder / "fresh"


def _stamp(home: Home) -> str:
    """Empty where something can't be read."""
    found = hashlib.sha256(f"{code_of(ROOT)}\0{home.folder}\0{sorted(official_plugins())}".encode())
    for file in _files(home):
        try:
            content = raw(file, "")
        except (Damaged, OSError):
            return ""
        found.update(f"\0{file}\0{len(content)}\0".encode())
        found.update(content)
    return f"{found.hexdigest()}\n"


def _files(home: Home) -> Iterator[Path]:
    """What is made of the settings; a link that has gone is a file that can't be read."""
    yield from (home.folder / name for name in _ALWAYS)
    for folder, patterns in ((home.folder, _MADE), (home.project, _SHADOW)):
        for pattern in patterns:
            yield from sorted(one for one in folder.glob(pattern) if one.is_symlink() or not one.is_dir())
    for name in LINKED:
        if (ROOT / name).is_dir() and not (home.project / name).is_symlink():
            yield home.project / name
