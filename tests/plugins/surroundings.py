"""With what the steps run: a list of what is let in. Nothing that leads to an account of the operator's is on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.official import VARIABLE, written
from tests.plugins.installed import Plugin

__all__ = ["environment"]

_LET_IN = ("LANG", "LC_ALL", "TZ", "TMPDIR")
_SSH = ("ssh", "ssh-keygen")


def environment(folder: Path, plugins: Iterable[Plugin], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of every step. HOME is an empty folder: no login of Docker, Vault or a cloud lies in it.

    PATH holds the system's folders and that of SSH. The plugins are in a folder of links of their own, so that no
    other program beside them is found.
    """
    home, links = folder / "home", folder / "plugins"
    for one in (home, links):
        one.mkdir(mode=0o700, exist_ok=True)
    linked = {}
    for plugin in plugins:
        linked[plugin.package] = link = links / plugin.program.name
        link.unlink(missing_ok=True)
        link.symlink_to(plugin.program)
    near = [Path(found).parent for name in _SSH if (found := shutil.which(name, path=environ.get("PATH")))]
    path = dict.fromkeys([*os.defpath.strip(os.pathsep).split(os.pathsep), *map(str, near)])
    made = {name: environ[name] for name in _LET_IN if name in environ}
    made |= {"HOME": str(home), "PATH": os.pathsep.join(path), "SMOS_SANDBOX": str(folder / "sandbox")}
    vault = shutil.which("vault", path=environ.get("PATH"))
    if vault:
        made["SMOS_VAULT_BINARY"] = vault
    return {**made, VARIABLE: written(linked), "PYTHONUNBUFFERED": "1"}
