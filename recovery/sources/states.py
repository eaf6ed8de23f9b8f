"""Pulumi's states: of the platform, its hosts, Vault's inside and every tenant, as they lie there.

Their secrets are in the engine's encryption: the passphrase, and a copy of the key of tenants' states, are in the
keyring. A restore puts the states beside, and then in their place, as files or by the engine's own import: what was
there stays.
Where a state is in a store that keeps versions, this is a second copy in another failure domain.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.state import checkpoint_file
from deploy.target import ACCESS_PROJECT, HOSTS_PROJECT, PROJECT, keeps_in
from kept import Damaged, keep, parsed, raw
from recovery.manifest import Digests, Kind, Part
from recovery.sources.source import Captured, Context, NotRestorable, SourceFailed

__all__ = ["OPERATOR", "StatesSource", "source_of", "sources"]

OPERATOR = "operator"
"""The failure domain of what lies on the machine of who runs this: no store is in it."""


@dataclass(frozen=True)
class StatesSource:
    """All states of an environment."""

    domain: str
    kind: Kind = "states"
    service: str = ""
    tenant: str = ""
    name: str = "states:states"

    @contextlib.contextmanager
    def capture(self, ctx: Context, folder: Path) -> Iterator[Captured]:
        """One file a stack, as the engine exports it."""
        taken_at = datetime.datetime.now(datetime.UTC)
        contents: dict[str, str] = {}
        rows: dict[str, int] = {}
        for project, stack, found in _deployments(ctx):
            text = json.dumps({"version": 3, "deployment": found}, sort_keys=True)
            file = folder / f"{project}.{stack}.json"
            file.touch(mode=0o600)
            file.write_text(text, encoding="utf-8")
            contents[f"{project}/{stack}"] = _checksum(found)
            rows[f"{project}/{stack}"] = len(found.get("resources") or [])
        yield Captured(taken_at=taken_at, digests=lambda: Digests(rows=rows, contents=contents))

    def restore_beside(self, ctx: Context, folder: Path, part: Part, name: str) -> None:
        """In a private folder of this machine."""
        aside = _aside(ctx, name)
        draft = aside.with_name(f"{aside.name}.part")
        for one in (draft, aside):
            shutil.rmtree(one, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        for file in sorted(folder.glob("*.json")):
            (draft / file.name).touch(mode=0o600)
            shutil.copyfile(file, draft / file.name)
        draft.rename(aside)

    def check(self, ctx: Context, part: Part, name: str) -> list[str]:
        """Every resource of every stack."""
        contents: dict[str, str] = {}
        rows: dict[str, int] = {}
        for file in sorted(_aside(ctx, name).glob("*.json")):
            project, _, stack = file.stem.partition(".")
            try:
                found = parsed(file, "restore it again")["deployment"]
            except (Damaged, KeyError, TypeError) as error:
                return [f"{project}/{stack}: {error}"]
            contents[f"{project}/{stack}"] = _checksum(found)
            rows[f"{project}/{stack}"] = len(found.get("resources") or [])
        return part.digests.differences(Digests(rows=rows, contents=contents))

    def put_in_place(self, ctx: Context, part: Part, name: str) -> str:
        """Each where the engine keeps it. What was there lies in a folder of this machine."""
        old = f"{name}_before_{part.taken_at.astimezone(datetime.UTC):%Y%m%d-%H%M%S}"
        kept = _aside(ctx, old)
        if not kept.exists():
            draft = kept.with_name(f"{kept.name}.part")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True, mode=0o700)
            for project, stack, found in _deployments(ctx):
                file = draft / f"{project}.{stack}.json"
                file.touch(mode=0o600)
                file.write_text(json.dumps({"version": 3, "deployment": found}), encoding="utf-8")
            draft.rename(kept)
        for file in sorted(_aside(ctx, name).glob("*.json")):
            project, _, stack = file.stem.partition(".")
            content = raw(file, "restore it again")
            there = checkpoint_file(ctx.place, project, stack)
            if there is None:
                _imported(ctx, project, stack, content)
            else:  # the engine would ask for the key of the secrets in it, which is in Vault
                latest = json.loads(content)["deployment"]
                whole = {"stack": f"organization/{project}/{stack}", "latest": latest}
                there.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                keep(there, json.dumps({"version": 3, "checkpoint": whole}))
        return old

    def remove_old(self, ctx: Context, old: str) -> None:
        """The states that were there before a restore."""
        if "_before_" not in old:
            raise NotRestorable(f"{self.name}: {old} is nothing that a restore left aside. Nothing was removed")
        shutil.rmtree(_aside(ctx, old), ignore_errors=True)


def _imported(ctx: Context, project: str, stack: str, content: bytes) -> None:
    """By the engine, which has the key of tenants' states for as long as that takes."""
    from deploy.engine_run import run
    from tenants.encryption import Encryption
    from tenants.secrets import secrets_for
    from tenants.workfolder import with_project

    where = _folders(ctx).get(project)
    with contextlib.ExitStack() as open_:
        place = ctx.place
        if where is None and ctx.platform is not None:
            key = open_.enter_context(Encryption(ctx.platform, secrets_for(place, ctx.platform).states))
            place = key.applied(place)
        folder = where or with_project(place, stack, project)
        run(place, folder, "stack", "select", stack, "--create", capture=True)
        run(place, folder, "stack", "import", "--stack", stack, capture=True, stdin=content.decode())


def _folders(ctx: Context) -> dict[str, Path]:
    from tenants.workfolder import folder_of

    return {
        PROJECT: ctx.place.project,
        HOSTS_PROJECT: ctx.place.hosts_project,
        ACCESS_PROJECT: ctx.place.project / "access",
        "tenants": folder_of(ctx.place, ""),
    }


def _deployments(ctx: Context) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(project, stack, deployment) of all that there is."""
    from deploy.engine_run import EngineFailed
    from tenants.state import deployment, stacks_of

    folders = _folders(ctx)
    wanted = [(project, ctx.stack, folders[project]) for project in (PROJECT, HOSTS_PROJECT, ACCESS_PROJECT)]
    wanted += [
        (project, slug, folders["tenants"])
        for slug, project in sorted(stacks_of(ctx.place, folders["tenants"]).items())
        if slug in ctx.slugs
    ]
    for project, stack, folder in wanted:
        try:
            found = deployment(ctx.place, folder, project, stack)
        except EngineFailed as error:
            raise SourceFailed(f"the state of {project}/{stack} can't be read: {error}") from None
        if found is not None:
            yield project, stack, found


def _checksum(found: Any) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _aside(ctx: Context, name: str) -> Path:
    return keeps_in(ctx.place.target) / "recovery" / "states" / name


def source_of(ctx: Context, part: Part) -> StatesSource | None:
    """That of a part of this kind."""
    return StatesSource(_domain(ctx)) if part.kind == "states" else None


def sources(ctx: Context) -> Sequence[StatesSource]:
    """The environment's."""
    return (StatesSource(_domain(ctx)),)


def _domain(ctx: Context) -> str:
    """Where the states are: by the backend of the run."""
    backend = ctx.place.environ.get("PULUMI_BACKEND_URL", "")
    if backend.startswith("azblob://"):
        return "azure"
    if "r2.cloudflarestorage.com" in backend:
        return "cloudflare"
    return OPERATOR if backend.startswith("file://") else "other"
