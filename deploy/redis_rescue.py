"""A Redis that answers nobody because one script never ends: seen, and ended.

A script that has written nothing is ended by itself; one that has written can be ended with its server alone, which its
host starts again. What it was writing is not in the log, so nothing of it is kept; what others wrote is.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

from kept.operator_error import OperatorError

__all__ = ["Login", "NotFreed", "freed", "held_by"]

TIMEOUT_S = 5.0
ENDED_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Login:
    """A Redis by its forward on this machine, and who may end scripts there."""

    port: int
    user: str
    password: str = field(repr=False)


class NotFreed(OperatorError):
    """It is held still, or can't be asked; the text says why."""


def held_by(login: Login) -> str:
    """By what it is held, in Redis' own words; nothing of one that answers. Raises NotFreed."""
    import redis

    try:
        _ask(login, "PING")
    except redis.ResponseError as error:
        if not str(error).upper().startswith("BUSY"):
            raise NotFreed(f"Redis refuses {login.user}: {error}") from None
        return str(error)
    except redis.TimeoutError:
        return f"no answer within {TIMEOUT_S:g} s"
    except redis.RedisError as error:
        raise NotFreed(f"Redis can't be asked: {error}") from None
    return ""


def freed(login: Login) -> str:
    """Ends what holds it: what was done, or nothing when nothing held it. Raises NotFreed."""
    import redis

    if not held_by(login):
        return ""
    try:
        _ask(login, "SCRIPT", "KILL")
        done = "the script was ended"
    except redis.ResponseError as error:
        if "UNKILLABLE" not in str(error).upper():
            raise NotFreed(f"the script can't be ended: {error}") from None
        with contextlib.suppress(redis.RedisError):  # who ends gives no answer
            _ask(login, "SHUTDOWN", "NOSAVE")
        done = "the script had written something: its server was ended, and its host starts it again"
    except redis.RedisError as error:
        raise NotFreed(f"the script can't be ended: {error}") from None
    deadline = time.monotonic() + ENDED_S
    while time.monotonic() < deadline:
        with contextlib.suppress(NotFreed):
            if not held_by(login):
                return done
        time.sleep(0.2)
    raise NotFreed(f"{done}, and it does not answer since")


def _ask(login: Login, *words: str) -> Any:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = redis.Redis(
        host="127.0.0.1",
        port=login.port,
        username=login.user,
        password=login.password,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
    )
    with contextlib.closing(client):
        return client.execute_command(*words)  # type: ignore[no-untyped-call] # the client has no types here
