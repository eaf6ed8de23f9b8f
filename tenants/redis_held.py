"""Whether the platform's Redis is held by a script that never ends, for `./smos doctor`: asked as the operators' user,
for a few seconds, and never more than asked.
"""

from __future__ import annotations

from age_keyring import KeyringError
from deploy.bounded import within
from deploy.doctor import Finding
from deploy.guards import NotReady
from deploy.redis_rescue import NotFreed, held_by
from deploy.target import RunTarget
from settings import load_files
from tenants.redis_login import login_of

__all__ = ["ASKED_S", "redis_finding"]

ASKED_S = 15.0
WHAT = "redis"


def redis_finding(place: RunTarget, stack: str, seconds: float = ASKED_S) -> Finding | None:
    """None of an environment without one. One that can't be asked in time lacks nothing that is known here."""
    if load_files(stack, place.project).services.redis is None:
        return None
    try:
        held = within(seconds, lambda: _held(place, stack))
    except (NotReady, NotFreed, KeyringError) as error:
        return Finding(WHAT, True, f"can't be asked now: {str(error).partition(' Fix:')[0]}")
    if held is None:
        return Finding(WHAT, True, f"can't be asked now: no answer within {seconds:g} s")
    if held:
        return Finding(WHAT, False, f"it answers nobody: {held}", f"./smos redis --stack {stack} --end")
    return Finding(WHAT, True, "answers")


def _held(place: RunTarget, stack: str) -> str:
    with login_of(place, stack, "", lambda _: None) as login:
        return held_by(login)
