"""How long anything may take that is done in a tenant's database, Redis or Vault: the one place for every such limit.

A tenant may hold a lock, loop in a function, or set a limit of its own for its database (ALTER DATABASE … SET). Nothing
of that decides how long this program waits: every connection to PostgreSQL is opened here, with limits that count more
than whatever the database says, and the names of functions looked up in PostgreSQL's own schema alone. A function may
catch the end of its statement and go on; so who works with a login of its own (provider.owner_login) has its
sessions ended from outside when `whole_s` is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

__all__ = [
    "CLIENT_S",
    "CONNECT_S",
    "EXPORT",
    "MIGRATION",
    "QUESTION",
    "Limits",
    "connected",
    "options_of",
    "postgres_parameters",
    "redis_limits",
]

CONNECT_S = 15
"""Until a server answers."""
CLIENT_S = 30
"""For one answer of Redis, of Vault, or of a network that died in the middle."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """In seconds: for one statement, for one lock, for the whole piece of work with its login."""

    statement_s: int
    lock_s: int
    whole_s: int


QUESTION = Limits(statement_s=30, lock_s=5, whole_s=120)
"""Something small: a question to the catalogues, a role made or removed, a session ended."""
MIGRATION = Limits(statement_s=300, lock_s=30, whole_s=900)
"""The schema of a database."""
EXPORT = Limits(statement_s=1800, lock_s=30, whole_s=7200)
"""All of a database read, or put back."""

_OWN = {
    # What PostgreSQL has by itself: a tenant may have set another value for its database.
    "search_path": "pg_catalog",
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read\\ committed",
    "default_transaction_deferrable": "off",
    "standard_conforming_strings": "on",
    "exit_on_error": "off",
    "quote_all_identifiers": "off",
    "transform_null_equals": "off",
    "check_function_bodies": "on",
    "default_tablespace": "",
    "temp_tablespaces": "",
    "jit": "off",
}


def options_of(limits: Limits, *, role: str = "", more: Mapping[str, str] | None = None) -> str:
    """The settings of a session as libpq's `options` take them: they count more than those of a role or a database.
    Without a `role`, the one that the login itself was given counts: more than a database's, too.
    """
    values = {
        **({"role": role} if role else {}),
        "statement_timeout": f"{limits.statement_s}s",
        "lock_timeout": f"{limits.lock_s}s",
        "idle_in_transaction_session_timeout": f"{limits.whole_s}s",
        **_OWN,
        **(more or {}),
    }
    return " ".join(f"-c {name}={value}" for name, value in values.items())


def postgres_parameters(limits: Limits, *, role: str = "", more: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What each connection has beside where it leads and who comes."""
    return {
        "connect_timeout": CONNECT_S,
        "keepalives_idle": CLIENT_S,
        "tcp_user_timeout": CLIENT_S * 1000,
        "options": options_of(limits, role=role, more=more),
    }


def connected(
    where: Mapping[str, Any], limits: Limits = QUESTION, *, role: str = "", more: Mapping[str, str] | None = None
) -> psycopg.Connection[Any]:
    """A connection to PostgreSQL within limits. `where`: as libpq has it, with who comes; `role`: in whose name."""
    import psycopg

    return psycopg.connect(**{**where, **postgres_parameters(limits, role=role, more=more)})


def redis_limits() -> dict[str, Any]:
    """What each client of Redis has: none waits for ever, and none tries again where the first try was lost."""
    return {"socket_timeout": CLIENT_S, "socket_connect_timeout": CONNECT_S}
