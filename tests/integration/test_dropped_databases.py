"""Databases of `prod` that somebody dropped by hand, on the host and on Azure: told by every command, made anew only
when named, and no hindrance for the end of the platform.
"""

from __future__ import annotations

import json
import re

import psycopg
import pytest
from psycopg import sql

from age_keyring import Identity, Keyring
from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json

pytestmark = pytest.mark.slow
DROPPED = {"vps": "chatwoot", "azure": "n8n"}
ADMINISTRATORS = {"vps": "postgres", "azure": "smarteros_admin"}
ALLOWED = [word for name in DROPPED.values() for word in ("--allow-loss", f"{name}-db-database")]


def drop(clone: Clone) -> None:
    """As somebody with the administrators' passwords."""
    platform = clone.platform()
    keyring = Keyring.open(clone.home.keyring, Identity.read(clone.home.key))
    for server, name in DROPPED.items():
        with psycopg.connect(
            host="127.0.0.1",
            port=platform["databaseServers"][server]["localPort"],
            user=ADMINISTRATORS[server],
            password=keyring.get(f"prod/databaseAdminPasswords/{server}"),
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_dropped_databases_are_told_and_mended_or_ended(fresh: Clone) -> None:
    """No run says 0 changes of it; the preparation that had filled one runs again; nothing is left after the end."""
    fresh.smos("up", "prod", "--yes", "--json")
    drop(fresh)
    previewed = fresh.smos("preview", "prod")
    refused = fresh.smos("up", "prod", "--yes", ok=False)
    for name in DROPPED.values():
        for done in (previewed, refused):
            assert f"the database {name} ({name}-db-database) is not on the server" in done.stdout + done.stderr
    assert " ".join(ALLOWED) in refused.stderr
    again = fresh.smos("up", "prod", "--yes", *ALLOWED)
    assert re.search(r"chatwoot-prepare\s+creat\w+|chatwoot-prepare\s+replac", again.stdout), again.stdout
    assert last_json(fresh.smos("up", "prod", "--yes", "--json").stdout)["changes"] == 0
    drop(fresh)
    every = fresh.smos("destroy", "prod", "--yes", ok=False)
    named = re.findall(r"--allow-loss ([\w-]+)", every.stdout + every.stderr)
    for name in ("postgres-azure-server", "n8n-db-database", "redis-data", "azure-vault-vault", "storage-account"):
        assert f"  {name} (" in every.stderr
        assert name in named
    fresh.smos("destroy", "prod", "--yes", *(word for name in named for word in ("--allow-loss", name)))
    left = json.loads(fresh.shell("pulumi stack export --stack prod").stdout)["deployment"].get("resources") or []
    assert left == []
