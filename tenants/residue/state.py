"""Of Pulumi's own state: the stack."""

from __future__ import annotations

from collections.abc import Iterator

from tenants.residue.left import Left, Sought
from tenants.session import PlatformSession
from tenants.state import stacks_of
from tenants.steps.step import Search
from tenants.workfolder import folder_of

__all__ = ["IN_THE_STATE"]


def _left(session: PlatformSession, sought: Sought) -> Iterator[Left]:
    """Read anew: the session knows what was there when it was made."""
    slug = sought.tenant.slug
    project = stacks_of(session.place, folder_of(session.place, "")).get(slug)
    if project is not None:
        yield Left("Pulumi's state", f"the stack {slug} of {project}", f"./smos tenant delete {slug}")


IN_THE_STATE = Search("Pulumi's state", _left)
