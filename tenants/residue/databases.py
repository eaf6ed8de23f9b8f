"""Of PostgreSQL: a database and its role, and copies of them that somebody made by hand.

What belongs to a role keeps PostgreSQL from dropping it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deploy.guards import NotReady
from tenants.names import TenantNames
from tenants.residue.left import Left, Sought
from tenants.session import PlatformSession

__all__ = ["databases_left"]

_QUESTIONS = {
    "the database": ("SELECT datname FROM pg_database ORDER BY 1", 'DROP DATABASE "{}" WITH (FORCE)'),
    "the role": ("SELECT rolname FROM pg_roles ORDER BY 1", 'DROP ROLE "{}"'),
}


def databases_left(called: Callable[[TenantNames], str]) -> Callable[[PlatformSession, Sought], Iterator[Left]]:
    """What finds those of that name on the tenants' server, asked as the provisioner. Databases come first: a role that
    owns one can't be dropped.
    """

    def left(session: PlatformSession, sought: Sought) -> Iterator[Left]:
        import psycopg

        from provider.owner_login import JOINT
        from tenants.archive.login import provisioner

        server = session.platform.server
        where = f"PostgreSQL {server.name}"
        try:
            with provisioner(server, session.secrets.provisioner_password) as connection:
                for what, (question, mend) in _QUESTIONS.items():
                    for (name,) in connection.execute(question).fetchall():
                        if sought.carries(name.partition(JOINT)[0], called, "_"):
                            yield Left(where, f"{what} {name}", mend.format(name))
        except psycopg.Error as error:
            raise NotReady(f"{where} can't be asked what is left: {str(error).splitlines()[0]}") from None

    return left
