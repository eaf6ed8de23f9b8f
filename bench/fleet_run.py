"""One run over the synthetic tenants of a folder, in a process of its own: what `bench.fleet` measures from outside.

    python -m bench.fleet_run fleet|known|loop FOLDER WORKERS [ONLY…]

`known` is what `./smos tenant apply --all` does; `fleet` the same with `--anew`: nobody is known to be unchanged.
`loop` is what the Automation API's own documentation shows: one stack after the other, `stack.up()`, on the same
stacks. Prints one JSON object.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenants.registry import Registry

__all__ = ["main"]

STACK = "prod"


def main(kind: str, folder: Path, workers: int, only: list[str]) -> dict[str, Any]:
    """What came of it, and how long it took from the first thing that is a run's own. `kind`: fleet, known or loop;
    `folder`: the tenants' files; `only`: the slugs that a loop goes through, all when none is named.
    """
    from deploy.simulated import simulated
    from deploy.target import ROOT
    from settings import load_files
    from tenants.fleet.running import Wish, fleet
    from tenants.registry import Registry

    registry = Registry([folder], load_files(STACK, ROOT).domain)
    place = simulated(stack=STACK)
    if kind == "loop":
        return _loop(place, registry, only)
    wish = Wish(stack=STACK, workers=workers, anew=kind == "fleet")
    summary = fleet(place, wish, registry, lambda text: print(text, file=sys.stderr), lambda *_: None)
    why = [f"{one.slug}: {one.why}" for one in summary.failed][:3]
    return {**summary.facts(), **({"why": why} if why else {})}


def _loop(place: Any, registry: Registry, only: list[str]) -> dict[str, Any]:
    from pulumi import automation as auto

    from tenants import lifecycle
    from tenants.session import prepared
    from tenants.stack import program
    from tenants.workfolder import with_project

    os.environ["PATH"] = f"{place.pulumi.parent}:{os.environ.get('PATH', '')}"
    engine = auto.PulumiCommand(root=str(place.pulumi.parents[1]))
    begun, before = time.monotonic(), os.times()
    changed = 0
    with prepared(place, STACK, lambda _: None) as session:
        for entry in registry.entries:
            tenant = entry.tenant
            if only and tenant.slug not in only:
                continue
            project = session.project_of(tenant.slug)
            there = lifecycle.workplace_of(session, tenant.slug)
            stack = auto.select_stack(
                stack_name=tenant.slug,
                project_name=project,
                program=program(tenant, session.platform, session.secrets),
                opts=auto.LocalWorkspaceOptions(
                    work_dir=str(with_project(session.place, tenant.slug, project)),
                    env_vars=dict(there.environ),
                    pulumi_command=engine,
                ),
            )
            done = stack.up(on_output=lambda _: None)
            made = done.summary.resource_changes or {}
            changed += sum(count for what, count in made.items() if str(what).rsplit(".", 1)[-1] != "same") > 0
    after = os.times()
    spent = sum(
        getattr(after, key) - getattr(before, key) for key in ("user", "system", "children_user", "children_system")
    )
    return {"changed": changed, "seconds": time.monotonic() - begun, "core_seconds": spent}


if __name__ == "__main__":
    gc.set_threshold(100_000, 50, 50)  # as the command does
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])))
