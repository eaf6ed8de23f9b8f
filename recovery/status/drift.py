"""What waits to be done: operations that a dead run left open, an upgrade between old and new, images that the
settings name and the state has not. What somebody changed at a vendor's, `pulumi refresh` and ./smos tenant drift
tell: they ask for real.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.state import current
from kept.operator_error import OperatorError
from recovery.status.probe import Finding, Look, Probe
from recovery.upgrade.code_of import code_of
from recovery.upgrade.unended import refuse_open

__all__ = ["PROBE"]


def _ask(look: Look) -> Iterator[Finding]:
    stack = look.stack
    try:
        refuse_open(look.place, stack)
    except OperatorError as error:
        yield Finding(
            probe="drift", subject="upgrade", level="bad", says=str(error), mend="the same ./smos upgrade again"
        )
    state = current(look.place, look.place.project, stack)
    pending = len(state.get("pending_operations") or [])
    if pending:
        says, mend = f"{pending} operations that a dead run left open", f"./smos up {stack}"
        yield Finding(probe="drift", subject="operations", level="warning", says=says, mend=mend)
    behind = list(_behind(look, state))
    yield from behind
    if not pending and not behind:
        yield Finding(
            probe="drift", subject=stack, level="good", says="the state has what the settings name, as far as known"
        )


def _behind(look: Look, state: Mapping[str, Any]) -> Iterator[Finding]:
    inputs = {str(one["urn"]): one.get("inputs") or {} for one in state.get("resources") or []}
    for key, service in look.settings.services.running():
        image = service.main_image()
        running = code_of(state, key)
        if not image or not running:
            continue
        wanted = look.settings.image(image).tagged
        if not any(wanted in str(inputs[urn]) for urn in running) and not _pulled(state, wanted):
            says = f"the settings name {wanted}, and it does not run"
            yield Finding(probe="drift", subject=key, level="warning", says=says, mend=f"./smos up {look.stack}")


def _pulled(state: Mapping[str, Any], wanted: str) -> bool:
    """A container may name its image by the id that the host gave it."""
    return any(
        str((one.get("inputs") or {}).get("name", "")).startswith(wanted) for one in state.get("resources") or []
    )


PROBE = Probe(name="drift", title="What waits", ask=_ask)
