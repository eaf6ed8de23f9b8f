"""The open sessions of a role: ended when the role may not log in any more; and whether its password opens the door.

PostgreSQL lets who is connected stay when a role loses its login: closing the door does not empty the room. Of a
password that somebody changed, the vendor's provider sees nothing: here it is tried.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from apps.connections import postgres, refuses
from apps.kind import Config, Kind, NotDone, Props
from settings.parts import Setting, matching

__all__ = ["SESSIONS", "SessionsInputs"]

_ROLE = matching("[a-z][a-z0-9_]{1,62}", "not a role's name", "as in t_acme")
_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()"
_END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()"


class SessionsInputs(Setting):
    """Whose sessions, and whether there may be any. `database` is one to which the provider may connect."""

    role: Annotated[str, AfterValidator(_ROLE)]
    allowed: bool
    password: str = Field("", repr=False)
    database: str = "postgres"


class _Sessions:
    def create(self, config: Config, wanted: SessionsInputs) -> tuple[str, Props]:
        self._end(config, wanted)
        self._open(config, wanted)
        return wanted.role, {}

    def read(self, config: Config, identity: str, known: SessionsInputs) -> Props | None:
        if known.allowed:
            return {"password": ""} if _is_refused(config, known) else {}
        with _told(known), postgres(config, known.database) as connection:
            row = connection.execute(_OPEN, (known.role,)).fetchone()
        return {"allowed": True} if row and row[0] else {}

    def update(self, config: Config, identity: str, old: SessionsInputs, wanted: SessionsInputs) -> Props:
        self._end(config, wanted)
        self._open(config, wanted)
        return {}

    def delete(self, config: Config, identity: str, known: SessionsInputs) -> None:
        """Ends them: a role with open sessions leaves its database undroppable."""
        self._end(config, known.model_copy(update={"allowed": False}))

    def _end(self, config: Config, wanted: SessionsInputs) -> None:
        if wanted.allowed:
            return
        with _told(wanted), postgres(config, wanted.database) as connection:
            connection.execute(_END, (wanted.role,))

    def _open(self, config: Config, wanted: SessionsInputs) -> None:
        """The role has the password that it was given, whatever somebody gave it since."""
        if wanted.allowed and _is_refused(config, wanted):
            from psycopg import sql

            with _told(wanted), postgres(config, wanted.database) as connection:
                hashed = connection.pgconn.encrypt_password(
                    wanted.password.encode(), wanted.role.encode(), b"scram-sha-256"
                )
                words = sql.Identifier(wanted.role), sql.Literal(hashed.decode())
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(*words))


def _is_refused(config: Config, known: SessionsInputs) -> bool:
    return bool(known.password) and refuses(config, known.database, known.role, known.password)


class _told:
    def __init__(self, wanted: SessionsInputs) -> None:
        self._role = wanted.role

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        import psycopg

        if isinstance(error, psycopg.Error):
            raise NotDone(f"sessions of {self._role}: {str(error).splitlines()[0]}") from None


SESSIONS = Kind(
    token="smarteros-apps:postgres:Sessions",
    inputs=SessionsInputs,
    acts=_Sessions(),
    replaces=frozenset({"role"}),
    secrets=frozenset({"password"}),
)
