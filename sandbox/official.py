"""Official provider plugins in place of simulated providers, where `./smos check --plugins` has found them.

Opt-in: the variable SMOS_PLUGINS names each package and its program. The engine starts those itself, as it does for
real accounts; everything else stays simulated. Nothing here looks for a plugin, fetches or builds one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sandbox.home import SandboxError

__all__ = ["DOCKER_SOCKET", "VARIABLE", "official_plugins", "plugin_folders", "written"]

VARIABLE = "SMOS_PLUGINS"
DOCKER_SOCKET = Path("/var/run/docker.sock")
"""Where Docker's own plugin finds an engine: this machine's, and no other."""
SIMULATED_ALONE = ("azure-native", "cloudflare", "command")
"""Packages whose plugins would reach real accounts, or machines that are not there."""


def official_plugins(environ: Mapping[str, str] | None = None) -> dict[str, Path]:
    """Package → program, as SMOS_PLUGINS says. Raises SandboxError for one that can't be used in a sandbox."""
    text = (os.environ if environ is None else environ).get(VARIABLE, "")
    found: dict[str, Path] = {}
    for part in filter(None, text.split(os.pathsep)):
        package, _, program = part.partition("=")
        path = Path(program)
        if package in SIMULATED_ALONE:
            raise SandboxError(f"{VARIABLE}: {package}: its plugin would leave this machine. Fix: leave it out")
        if path.name != f"pulumi-resource-{package}" or not os.access(path, os.X_OK):
            raise SandboxError(
                f"{VARIABLE}: {part!r}: no program of that package is there. "
                f"Fix: {package or 'PACKAGE'}=/path/to/pulumi-resource-{package or 'PACKAGE'}"
            )
        found[package] = path
    return found


def written(plugins: Mapping[str, Path]) -> str:
    """The text of the variable that names the plugins (PULUMI_DEBUG_PROVIDERS)."""
    return os.pathsep.join(f"{package}={path}" for package, path in sorted(plugins.items()))


def plugin_folders(plugins: Mapping[str, Path]) -> list[str]:
    """What PATH needs for the engine to find them."""
    return list(dict.fromkeys(str(path.parent) for path in plugins.values()))
