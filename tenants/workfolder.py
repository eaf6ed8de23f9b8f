"""The folder in which the engine finds a tenant's stack: its project file and the stack's settings.

It lies beside the other private files of a run, and all of it can be made again: what counts is the tenant's file and
the state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.engine_run import run
from deploy.target import RunTarget
from kept import keep, same
from tenants.empty_stack import begun_in_a_folder
from tenants.inline import secluded

__all__ = ["folder_of", "made_ready", "with_project"]


def folder_of(place: RunTarget, slug: str) -> Path:
    """One folder a stack: the engine remembers the chosen stack by folder."""
    return place.scratch.parent / "tenants" / slug


def with_project(place: RunTarget, slug: str, project: str) -> Path:
    """The folder, with the file that says of which project the stack is."""
    folder = folder_of(place, slug)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    about = {"name": project, "description": "A tenant of SmarterOS", "runtime": "python"}
    _written(folder / "Pulumi.yaml", about)
    return folder


def made_ready(
    place: RunTarget, slug: str, project: str, deployment: Mapping[str, Any] | None, secrets_provider: str
) -> RunTarget:
    """The run target whose project is the tenant's; makes the folder, and the stack when there is none.

    `secrets_provider`: with what a new stack's secrets are encrypted. Of an existing one, its state says it.
    """
    folder = with_project(place, slug, project)
    there = secluded(replace(place, project=folder, hosts_project=folder))
    settings = folder / f"Pulumi.{slug}.yaml"
    if not deployment and begun_in_a_folder(there, project, slug, secrets_provider):
        settings.unlink(missing_ok=True)  # of a stack that is no more
        _written(settings, {"secretsprovider": secrets_provider})
    elif deployment is None:
        settings.unlink(missing_ok=True)
        run(there, folder, "stack", "init", slug, "--secrets-provider", secrets_provider, capture=True)
    elif not settings.exists() or deployment.get("secrets_providers"):
        _written(settings, _encryption(deployment))
    return there


def _written(file: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content) + "\n"  # JSON is YAML
    if not same(file, text):
        keep(file, text)


def _encryption(deployment: Mapping[str, Any]) -> dict[str, str]:
    """How the stack's secrets are encrypted, as the state says it: no secret itself."""
    provider = deployment.get("secrets_providers") or {}
    held = provider.get("state") or {}
    if provider.get("type") == "passphrase" and held.get("salt"):
        return {"encryptionsalt": str(held["salt"])}
    found = {"secretsprovider": held.get("url"), "encryptedkey": held.get("encryptedkey")}
    return {name: str(value) for name, value in found.items() if value}
