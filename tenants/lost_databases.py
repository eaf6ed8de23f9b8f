"""Databases that a tenant's state has and the server has not: somebody dropped them by hand.

The engine looks at states alone, so a run says that nothing has changed; and neither a Grant nor a database that is
gone can be deleted (3D000). So the server is asked, once for all tenants of a run and beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from deploy.databases_there import databases_there
from deploy.guards import NotReady
from tenants.platform import Server
from tenants.state import resources_of

__all__ = ["Databases", "lost_databases", "refuse_lost_databases"]

DATABASE = "postgresql:index/database:Database"


class Databases:
    """What is on a server, asked in a thread of its own."""

    def __init__(self, server: Server, password: str) -> None:
        self._server, self._password = server, password
        self._lock = threading.Lock()
        self._asked: Future[frozenset[str] | None] | None = None

    def ask(self, *, anew: bool = False) -> Future[frozenset[str] | None]:
        """Begins, unless it has begun. The answer is None where the server can't be asked: whoever needs it says so."""
        with self._lock:
            if self._asked is None or anew:
                self._asked = Future()
                threading.Thread(target=self._answer, args=(self._asked,), daemon=True).start()
            return self._asked

    def _answer(self, asked: Future[frozenset[str] | None]) -> None:
        try:
            asked.set_result(_ask(self._server, self._password))
        except BaseException as error:
            asked.set_exception(error)


def lost_databases(found: Mapping[str, Any] | None, there: Databases) -> list[str]:
    """Of one tenant's state. What was made since the server was asked is asked for once more."""
    names = {str(one["inputs"]["name"]) for one in resources_of(found or {}) if one["type"] == DATABASE}
    for anew in (False, True):
        known = there.ask(anew=anew).result() if names else None
        if known is None or names <= known:
            return []
    return sorted(names - (known or frozenset()))


def refuse_lost_databases(found: Mapping[str, Any] | None, there: Databases, slug: str, server: str) -> None:
    """Raises NotReady: an empty one in its place would look as if nothing had happened."""
    if lost := lost_databases(found, there):
        raise NotReady(
            f"tenant {slug}: of its databases {', '.join(lost)} is not on the server {server} any more: somebody "
            f"dropped it. Fix: bring it back from a backup of the server; or an empty one: ./smos tenant drift {slug} "
            f"--mend; or end the tenant without it: ./smos tenant delete {slug} --no-export"
        )


def _ask(server: Server, password: str) -> frozenset[str] | None:
    return databases_there(server.local_port, server.login, password, server.sslmode)
