"""The assistants' knowledge base: a database whose rows have vectors. What is in it is the assistants' own
business.
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions

from components.placements import DatabaseServer
from components.services.context import ServiceContext, ServiceOutputs
from components.services.postgres import Database, DatabaseArgs
from settings.services.data import Knowledge as KnowledgeSettings

__all__ = ["Knowledge", "KnowledgeArgs", "declare"]


@dataclass(frozen=True, kw_only=True)
class KnowledgeArgs:
    """On which server, and whether it may be deleted. The provider of the server comes with the options."""

    server: DatabaseServer
    protect: bool


class Knowledge(ComponentResource):
    """A database of its own in which rows may have vectors (pgvector)."""

    database_name: Output[str]

    def __init__(self, name: str, args: KnowledgeArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Knowledge", name, None, opts)
        database = Database(
            f"{name}-db",
            DatabaseArgs(server=args.server, database="knowledge", extensions=["vector"], protect=args.protect),
            ResourceOptions(parent=self),
        )
        self.database_name = database.database_name
        self.register_outputs({"database_name": self.database_name})


def declare(ctx: ServiceContext, wanted: KnowledgeSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    server = wanted.database
    Knowledge(
        "knowledge",
        KnowledgeArgs(server=ctx.servers[server], protect=ctx.settings.protect),
        ctx.on_server(server),
    )
    return ServiceOutputs()
