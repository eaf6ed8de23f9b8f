"""The open sessions of a role: ended when the role may not log in any more; whether its password opens the door; and
what it may use, as the guard of its server reads it.

PostgreSQL lets who is connected stay when a role loses its login: closing the door does not empty the room. Of a
password that somebody changed, the vendor's provider sees nothing: here it is tried. Nor does it see what a role has
set for itself or for its database (ALTER ROLE, ALTER DATABASE … SET), by which it lifts what was meant to bind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from provider.connections import postgres, refuses
from provider.resource_type import Config, Props, ProviderError, ResourceType
from settings.parts import Setting, matching

if TYPE_CHECKING:
    import psycopg

__all__ = ["SESSIONS", "SessionsInputs"]

_ROLE = matching("[a-z][a-z0-9_]{1,62}", "not a role's name", "as in t_acme")
_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()"
_END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()"


_LIMITS = "SELECT COALESCE(shobj_description(oid, 'pg_authid'), '') FROM pg_roles WHERE rolname = %s"
# Of the role, of its databases, and of itself in one: what, and where it is set.
_SETTINGS = """
SELECT split_part(one, '=', 1), COALESCE(datname, ''), setrole <> 0
FROM pg_db_role_setting LEFT JOIN pg_database ON pg_database.oid = setdatabase, unnest(setconfig) AS one
WHERE setrole = to_regrole(%(role)s)::oid OR setrole = 0 AND datdba = to_regrole(%(role)s)::oid
ORDER BY 1, 2
"""


class SessionsInputs(Setting):
    """Whose sessions, and whether there may be any. `database` is one to which the provider may connect."""

    role: Annotated[str, AfterValidator(_ROLE)]
    allowed: bool
    password: str = Field("", repr=False)
    limits: str = ""
    """The role's comment, which only whoever may administer it can change; empty: it has none."""
    settings: Literal[""] = ""
    """What the role has set for itself: nothing is wanted, so it is only ever found."""
    database: str = "postgres"


class _Sessions:
    def create(self, config: Config, wanted: SessionsInputs) -> tuple[str, Props]:
        self._make_so(config, wanted)
        return wanted.role, {}

    def read(self, config: Config, identity: str, known: SessionsInputs) -> Props | None:
        found: dict[str, Any] = {}
        if known.allowed and _is_refused(config, known):
            found["password"] = ""
        with _errors_reported(known), postgres(config, known.database) as connection:
            row = connection.execute(_OPEN, (known.role,)).fetchone()
            if not known.allowed and row and row[0]:
                found["allowed"] = True
            row = connection.execute(_LIMITS, (known.role,)).fetchone()
            if row is not None and row[0] != known.limits:
                found["limits"] = str(row[0])
            if own := _settings(connection, known.role):
                found["settings"] = ", ".join(f"{name} ({where or 'everywhere'})" for name, where, _ in own)
        return found

    def update(self, config: Config, identity: str, old: SessionsInputs, wanted: SessionsInputs) -> Props:
        self._make_so(config, wanted)
        return {}

    def _make_so(self, config: Config, wanted: SessionsInputs) -> None:
        self._end(config, wanted)
        self._open(config, wanted)
        self._bind(config, wanted)

    def _bind(self, config: Config, wanted: SessionsInputs) -> None:
        """The role has the limits that it was given, and none of its own in their place."""
        from psycopg import sql

        role = sql.Identifier(wanted.role)
        with _errors_reported(wanted), postgres(config, wanted.database) as connection:
            connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, sql.Literal(wanted.limits or None)))
            for _, where, is_roles in _settings(connection, wanted.role):
                database = sql.Identifier(where)
                if not is_roles:
                    connection.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(database))
                elif where:
                    connection.execute(sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(role, database))
                else:
                    connection.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(role))

    def delete(self, config: Config, identity: str, known: SessionsInputs) -> None:
        """Ends them: a role with open sessions leaves its database undroppable. And takes back what others gave the
        role, of which it can't say no, and which would keep it from being dropped (provider.dependents).
        """
        from provider.dependents import release

        self._end(config, known.model_copy(update={"allowed": False}))
        with _errors_reported(known):
            left = release(lambda database: postgres(config, database), known.role)
        if left:
            raise ProviderError(f"{known.role} can't go: others gave it rights: {'; '.join(map(str, left))}")

    def _end(self, config: Config, wanted: SessionsInputs) -> None:
        if wanted.allowed:
            return
        with _errors_reported(wanted), postgres(config, wanted.database) as connection:
            connection.execute(_END, (wanted.role,))

    def _open(self, config: Config, wanted: SessionsInputs) -> None:
        """The role has the password that it was given, whatever somebody gave it since."""
        if wanted.allowed and _is_refused(config, wanted):
            from psycopg import sql

            with _errors_reported(wanted), postgres(config, wanted.database) as connection:
                hashed = connection.pgconn.encrypt_password(
                    wanted.password.encode(), wanted.role.encode(), b"scram-sha-256"
                )
                words = sql.Identifier(wanted.role), sql.Literal(hashed.decode())
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(*words))


def _settings(connection: psycopg.Connection[Any], role: str) -> list[tuple[str, str, bool]]:
    """What the role has set for itself and its databases: name, in which database, whether for the role."""
    return [(str(name), str(where), bool(own)) for name, where, own in connection.execute(_SETTINGS, {"role": role})]


def _is_refused(config: Config, known: SessionsInputs) -> bool:
    return bool(known.password) and refuses(config, known.database, known.role, known.password)


class _errors_reported:
    def __init__(self, wanted: SessionsInputs) -> None:
        self._role = wanted.role

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        import psycopg

        if isinstance(error, psycopg.Error):
            raise ProviderError(f"sessions of {self._role}: {str(error).splitlines()[0]}") from None


SESSIONS = ResourceType(
    token="smarteros-apps:postgres:Sessions",
    inputs=SessionsInputs,
    handler=_Sessions(),
    replaces=frozenset({"role"}),
    secrets=frozenset({"password"}),
)
