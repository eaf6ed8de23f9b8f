"""After every run that brings a stack up: a refresh shows nothing, each cluster says who may connect where, and what
can bear a mark bears one.

What a program declares is not what there is: PostgreSQL warns of a revocation without effect, and providers read back
what they were not asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from age_keyring import Identity, Keyring
from intents.marks import mark_of

if TYPE_CHECKING:
    from tests.integration.conftest import Clone

__all__ = ["LookedAt", "looked_at", "who_may_connect", "who_should_not"]

ITS_OWN = ("postgres", "template0", "template1", "azure_maintenance", "azure_sys")
"""The databases that a server has from the start."""
ADMINISTRATOR, PROVISIONER, GUARD = "smarteros_admin", "smarteros_provisioner_login", "smarteros_guard"
LENT_TO_PROVISIONER = ("t_", "n8n_", "odoo")
"""How the databases begin that the provisioner makes, or whose owner it makes others for."""
EVERYBODY = "PUBLIC"
_CONNECT = """
SELECT datname, pg_get_userbyid(datdba), rolname FROM pg_database d JOIN pg_roles r ON rolcanlogin AND NOT rolsuper
WHERE datname <> ALL(%(own)s) AND has_database_privilege(r.oid, d.oid, 'CONNECT')
UNION SELECT datname, pg_get_userbyid(datdba), 'PUBLIC' FROM pg_database
WHERE datname <> ALL(%(own)s)
AND EXISTS (SELECT FROM aclexplode(COALESCE(datacl, acldefault('d', datdba))) WHERE grantee = 0)
"""


@dataclass(frozen=True)
class LookedAt:
    """A stack right after its run: what asking every vendor shows, and what the state says."""

    refreshed: dict[str, Any]
    resources: list[dict[str, Any]]

    def to_refresh(self) -> list[object]:
        """What a refresh would change, and how; nothing, where all is the same."""
        changed: list[object] = [
            (one["urn"].rsplit("::", 1)[-1], sorted(one.get("detailedDiff") or {}) or "gone")
            for one in self.refreshed["steps"]
            if one.get("detailedDiff") or not one.get("newState")
        ]
        summary = self.refreshed["changeSummary"]
        return changed or ([] if set(summary) == {"same"} else [summary])

    def without_a_mark(self) -> list[str]:
        """What was made, and would not be known again if the answer had been lost, though its type can bear a mark."""
        several = ((one, mark_of(one["type"])) for one in self.resources if one.get("custom"))
        return [str(one["urn"]) for one, mark in several if mark and not mark.read(one["inputs"])]


def looked_at(clone: Clone, stack: str) -> LookedAt:
    """Every vendor asked, and the state read."""
    said = clone.shell(
        f"pulumi refresh --stack {stack} --preview-only --json; echo; pulumi stack export --stack {stack}"
    ).stdout
    read = json.JSONDecoder()
    refreshed, end = read.raw_decode(said, said.index("{"))
    exported, _ = read.raw_decode(said, said.index("{", end))
    return LookedAt(refreshed, exported["deployment"]["resources"])


def who_may_connect(clone: Clone, stack: str) -> set[tuple[str, str, str, str]]:
    """(server, database, its owner, who may connect), of every login that is no superuser, and of everybody."""
    platform = clone.platform(stack)
    keyring = Keyring.open(clone.home.keyring, Identity.read(clone.home.key))
    found: set[tuple[str, str, str, str]] = set()
    for name, server in platform["databaseServers"].items():
        where: dict[str, Any] = {"host": "127.0.0.1", "port": server["localPort"], "sslmode": server["sslmode"]}
        password = keyring.get(f"{stack}/databaseProvisionerPasswords/{name}")
        with psycopg.connect(**where, user=PROVISIONER, password=password, dbname="postgres") as connection:
            rows = connection.execute(_CONNECT, {"own": list(ITS_OWN)}).fetchall()
        found |= {(name, str(database), str(owner), str(who)) for database, owner, who in rows}
    return found


def who_should_not(found: set[tuple[str, str, str, str]]) -> set[tuple[str, str, str, str]]:
    """Of these, whoever is neither the owner, nor the administrator, nor the provisioner of what it makes, nor the
    guard in its own database, which is the provisioner's.
    """
    return {
        (server, database, owner, who)
        for server, database, owner, who in found
        if who not in (owner, ADMINISTRATOR)
        and not (who == PROVISIONER and database.startswith(LENT_TO_PROVISIONER))
        and not (database == GUARD and who in (GUARD, PROVISIONER))
    }
