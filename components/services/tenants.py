"""What tenants' databases are copied from: a database that is empty but for its extensions.

Only an administrator may install pgvector, and tenants are made by a role that is none: so it is installed once, here.
Tenants themselves are a project of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_postgresql as postgresql
from pulumi import ComponentResource, Output, ResourceOptions

from components.services.context import ServiceContext, ServiceOutputs
from components.services.postgres import closed_to_public
from settings.services import Tenants as TenantsSettings

__all__ = ["TEMPLATE", "TenantTemplate", "TenantTemplateArgs", "declare"]

TEMPLATE = "smarteros_tenant"


@dataclass(frozen=True, kw_only=True)
class TenantTemplateArgs:
    """Whether it may be deleted. The provider of the server comes with the options."""

    protect: bool


class TenantTemplate(ComponentResource):
    """A template with pgvector, to which nobody connects: while somebody does, it can't be copied."""

    database_name: Output[str]

    def __init__(self, name: str, args: TenantTemplateArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:TenantTemplate", name, None, opts)
        database = postgresql.Database(
            f"{name}-template",
            name=TEMPLATE,
            is_template=True,
            encoding="UTF8",
            template="template0",
            lc_collate="DEFAULT",
            lc_ctype="DEFAULT",
            opts=ResourceOptions(parent=self, protect=args.protect, ignore_changes=["lcCollate", "lcCtype"]),
        )
        closed = closed_to_public(f"{name}-closed", database, ResourceOptions(parent=self))
        postgresql.Extension(
            f"{name}-vector",
            name="vector",
            database=database.name,
            opts=ResourceOptions(parent=self, depends_on=[closed], deleted_with=database),
        )
        self.database_name = database.name
        self.register_outputs({"database_name": self.database_name})


def declare(ctx: ServiceContext, wanted: TenantsSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    TenantTemplate("tenants", TenantTemplateArgs(protect=ctx.settings.protect), ctx.on_server(wanted.database))
    return ServiceOutputs()
