"""Whether tenants live on an environment: as long as they do, it is not taken down."""

from __future__ import annotations

from deploy.guards import NotReady
from deploy.target import RunTarget
from tenants.state import deployment, outputs_of, resources_of, stacks_of
from tenants.workfolder import folder_of, with_project

__all__ = ["living_on", "refuse_inhabited"]


def living_on(place: RunTarget, stack: str) -> list[str]:
    """The slugs of those that live on an environment; of an unfinished one, nobody knows on which."""
    found = []
    for slug, project in sorted(stacks_of(place, folder_of(place, "")).items()):
        state = deployment(place, with_project(place, slug, project), project, slug) or {}
        home = (outputs_of(state).get("tenant") or {}).get("environment", stack)
        if home == stack and resources_of(state):
            found.append(slug)
    return found


def refuse_inhabited(place: RunTarget, stack: str) -> None:
    """Raises NotReady for an environment on which tenants live: without it they could be neither reached nor ended."""
    if slugs := living_on(place, stack):
        shown = ", ".join(slugs[:5]) + (f" and {len(slugs) - 5} more" if slugs[5:] else "")
        raise NotReady(
            f"{len(slugs)} tenants live on {stack}: {shown}. Without it they could be neither reached nor ended. Fix: "
            f"./smos tenant delete SLUG --stack {stack} for each, which exports it first; then the same command again"
        )
