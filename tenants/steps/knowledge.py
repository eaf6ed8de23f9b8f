"""The tenant's knowledge base: the tables of its database, brought forward by the files in
provider/migrations/knowledge.

They belong to the tenant's role. What is in them is the assistants' own business.
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions

from provider.migration_files import latest
from provider.sdk import Migrations
from tenants.documented import Documented, Has
from tenants.names import TenantNames
from tenants.steps.step import Step, StepContext, StepOutputs

__all__ = ["SET", "STEP", "Knowledge", "KnowledgeArgs"]

SET = "knowledge"


@dataclass(frozen=True, kw_only=True)
class KnowledgeArgs:
    """The database, which is there and closed to others when its name is known. The provider of `apps` comes with the
    options.
    """

    names: TenantNames
    database: Input[str]


class Knowledge(ComponentResource):
    """Documents, their chunks of at most 512 tokens, and the index of their embeddings."""

    version: Output[str]

    def __init__(self, name: str, args: KnowledgeArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:tenants:Knowledge", name, None, opts)
        version = latest(SET)
        schema = Migrations(
            f"{name}-schema",
            database=args.database,
            role=args.names.database,
            set_name=SET,
            version=version,
            opts=ResourceOptions(parent=self),
        )
        self.version = schema.id.apply(lambda _: version)
        self.register_outputs({"version": self.version})


def _declare(ctx: StepContext) -> StepOutputs:
    """Its version is told with the database in which it is."""
    database = ctx.known["database"]
    made = Knowledge(
        "knowledge",
        KnowledgeArgs(names=ctx.tenant.names, database=database["name"]),
        ResourceOptions(providers=[ctx.providers.apps]),
    )
    return StepOutputs(known={"database": {**database, "schema": made.version}})


_DOCUMENTED = Documented(
    has=(
        Has(
            where="PostgreSQL",
            what="in that database, the tables of the assistants' knowledge base",
            called="as in `provider/migrations/knowledge`",
            made_with="the provisioner's login",
        ),
    )
)

STEP = Step(name="knowledge", declare=_declare, documented=_DOCUMENTED)
