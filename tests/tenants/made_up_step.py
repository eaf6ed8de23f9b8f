"""A step that only the tests have: a database of its own for a guestbook. One file; nothing else knows of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from pulumi import Input, ResourceOptions

from tenants.model import Tenant
from tenants.names import TenantNames
from tenants.platform import Platform
from tenants.residue.databases import databases_left
from tenants.session import PlatformSession
from tenants.steps.database import Database, DatabaseArgs, StoredDatabase, tenant_database
from tenants.steps.step import ArchivedPart, PartStore, Search, Step, StepContext, StepOutputs
from tenants.tiers import limits_comment

__all__ = ["FILE", "STEP"]

FILE = "guestbook.sql"
CONNECTIONS = 3


def _database(names: TenantNames) -> str:
    return names.database.replace("t_", "guests_", 1)


def _declare(ctx: StepContext) -> StepOutputs:
    tenant, server = ctx.tenant, ctx.platform.server
    made = Database(
        "guestbook",
        DatabaseArgs(
            server=server,
            names=tenant.names,
            connections=CONNECTIONS,
            is_open=ctx.is_open,
            limits=limits_comment(tenant.tier, CONNECTIONS, tenant.granted.database_mb),
            called=_database(tenant.names),
        ),
        ResourceOptions(providers=[ctx.providers.postgres, ctx.providers.apps]),
    )
    login: dict[str, Input[str]] = {"database": made.database_name, "password": made.password}
    return StepOutputs(known={"guestbook": made.database_name}, logins={"guestbook": login})


@contextlib.contextmanager
def _reached(session: PlatformSession, tenant: Tenant) -> Iterator[PartStore]:
    there = tenant_database(session, _database(tenant.names))
    yield StoredDatabase(there, says=lambda found: {"steps": {"guestbook": found.digest}})


def _requests(_tenant: Tenant, _platform: Platform) -> Mapping[str, float]:
    return {"guestbooks": 5}


STEP = Step(
    name="guestbook",
    declare=_declare,
    names={"PostgreSQL": _database},
    doors={"guestbook": "its guestbook"},
    owners=lambda names: (_database(names),),
    entries=frozenset({"guestbook"}),
    searches=(Search("PostgreSQL, the guestbook's", databases_left(_database)),),
    archived=ArchivedPart(file=FILE, reached=_reached),
    lossy=("guests: who is just writing is not in here",),
    requests=_requests,
    memory_mb=lambda tenant: 7 if tenant.has_own_instances else 0,
    checks=(lambda _session, _tenant, _vault_session: "",),
)
