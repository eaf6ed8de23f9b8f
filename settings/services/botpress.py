"""What Botpress may be told: `v12` is the one that runs here, `cloud` its vendor's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from settings.images import Image
from settings.parts import Name, matching
from settings.places import Accepts, ContainerPlace
from settings.problems import fault
from settings.redis_commands import RedisAccess
from settings.secrets import Secret
from settings.services.owner import NoOwner, Owner, Question, by_flag
from settings.services.recovery import NoneWrong, NothingKept, Recovery
from settings.services.service import Container, Elsewhere, Hostname, Service
from settings.services.upgrades import Majors, SmokeTest, UpgradeRules, answers_well

__all__ = ["API_URL", "BotpressCloud", "BotpressV12", "chosen"]

_REQUIREMENTS = "botpress/v12 docs/docs/going-to-production/requirements/requirements.md"

API_URL = "https://api.botpress.cloud/v1"

POOL = 5
"""DATABASE_POOL's max: of its server, its studio and its messaging server each."""
NLU_POOL = 10
"""Of its NLU server, which takes no DATABASE_POOL: knex' own maximum."""

_Word = Annotated[
    str, AfterValidator(matching("[A-Za-z0-9_-]{8,64}", "not an id of Botpress Cloud", "copy it from the dashboard"))
]
_Url = Annotated[
    str, AfterValidator(matching(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", "not an address", "as in http://lang:3100"))
]


_UPGRADES = UpgradeRules(
    tags=r"(?P<v1>\d+)\.(?P<v2>\d+)\.(?P<v3>\d+)",
    example="12.31.10",
    majors=Majors(
        at_most=0,
        why="v12 is its last line: what came after it is another product, at its vendor",
        way="kind: cloud, and bots made anew there",
        source="botpress/v12 README.md",
    ),
    one_way="migrations of tables, configuration and bots run at its start (AUTO_MIGRATE); back leads `bp "
    "migrate down` of "
    "the newer one, or a backup",
    one_way_source="botpress/v12 packages/bp/src/core/migration/migration-service.ts (getMigrationsToExecute)",
    smoke=(
        SmokeTest(path="/status", problem=answers_well, source="botpress/v12 packages/bp/src/core/app/server.ts:372"),
    ),
)


class BotpressV12(Service):
    """Botpress as one container: it has its server, its studio, its messaging and its language understanding in it."""

    kind: Literal["v12"] = Field(description="none, v12 (runs here) or cloud (its vendor's)")
    placement: Annotated[ContainerPlace, Accepts(ContainerPlace, ("persists_files", "shares_redis"))] = Field(
        description="Where it runs"
    )
    hostname: Hostname = Field(description="Its name in the zone")
    database: Name = Field(description="Which one of smarteros:databaseServers holds its database")
    cpu: float = Field(1.0, ge=0.25, description="How many CPUs it may use")
    memory_mb: int = Field(2048, ge=512, description="How much memory it may use, in MB")
    licence: Literal["community", "pro"] = Field(
        "community", description="With a key of Botpress Pro: more than one workspace, and Redis"
    )
    language_server: _Url | None = Field(
        None, description="Which server turns words into vectors; its vendor's public one, when it is not said"
    )

    port: ClassVar[int | None] = 3000
    # The last release: there is none after April 2025.
    images: ClassVar[Mapping[str, Image]] = {
        "botpress": Image(
            name="botpress/server",
            tag="12.31.10",
            digest=None,
        ),
    }
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {"botpress": _UPGRADES}
    # botpress/v12 packages/bp/src/core/distributed/redis.ts and realtime/realtime-service.ts with
    # BP_REDIS_SCOPE=botpress; @socket.io/redis-adapter subscribes to <scope>#<namespace>#*. A cluster needs Pro.
    redis_access: ClassVar[RedisAccess | None] = RedisAccess(
        keys=("botpress/*",),
        channels=("botpress*", *(f"botpress#/{namespace}#*" for namespace in ("", "admin", "guest"))),
    )
    takes_accounts: ClassVar[bool] = True
    notice: ClassVar[str] = (
        "Botpress v12 has had no release since April 2025: known holes in it stay open. kind: cloud is its vendor's way"
    )
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("botpress_app_secret", "shared", "password", "Signs Botpress's logins and references to conversations"),
        Secret("botpress_admin_password", "shared", "password", "Of Botpress's first administrator, operators.email"),
    )
    owner: ClassVar[Owner | NoOwner | None] = Owner(
        made="start",
        password="botpress_admin_password",  # noqa: S106 - a name
        handed_in=("BP_ADMIN_EMAIL", "BP_ADMIN_PASSWORD"),
        question=Question(
            path="/api/v2/admin/auth/config",
            means=by_flag("payload", "isFirstUser", claimable_if=True),
            source="botpress/v12 packages/bp/src/core/security/auth-service.ts:105 (getCollaboratorsConfig)",
        ),
    )
    # botpress/v12 packages/bp/src/core.
    recovery: ClassVar[Recovery | NothingKept | None] = Recovery(
        marker="srv_ghost_files",
        checks=(
            NoneWrong(
                name="bots-are-whole",
                asks="every bot that is listed has its configuration in the database, not on a lost disk",
                sql="SELECT bot FROM (SELECT DISTINCT split_part(file_path, '/', 3) AS bot FROM srv_ghost_files "
                "WHERE NOT deleted AND file_path LIKE '%data/bots/%') b WHERE NOT EXISTS "
                "(SELECT FROM srv_ghost_files f WHERE NOT f.deleted "
                "AND f.file_path LIKE '%data/bots/' || b.bot || '/bot.config.json' "
                "AND octet_length(f.content) > 0)",
                source="bpfs/ghost_files-table.ts, bpfs/drivers/db-driver.ts, bpfs/ghost-service.ts (forBot)",
            ),
            NoneWrong(
                name="workspaces-are-there",
                asks="the list of workspaces is in the database: without it no bot is found",
                sql="SELECT 'data/global/workspaces.json' WHERE NOT EXISTS (SELECT FROM srv_ghost_files "
                "WHERE NOT deleted AND file_path LIKE '%data/global/workspaces.json' AND octet_length(content) > 2)",
                source="users/workspace-service.ts (getWorkspaces)",
            ),
        ),
        unasked="whether a bot answers: its language understanding is trained at its start",
    )
    optional_secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("botpress_licence_key", "external", "botpress_licence_key", "Of Botpress Pro"),
    )

    def announced(self) -> dict[str, Any]:
        """What others may know of it."""
        return {"kind": self.kind, "licence": self.licence}

    def called_for(self) -> tuple[Secret, ...]:
        """With Pro, the licence's key too."""
        return (*self.secrets, *self.optional_secrets) if self.licence == "pro" else self.secrets

    def uses_redis(self) -> bool:
        """Without a licence of Pro it ends itself when it is told of a Redis
        (botpress/v12 packages/bp/src/core/app/botpress.ts, checkEditionRequirements).
        """
        return self.licence == "pro"

    def footprint(self, name: str) -> tuple[Container, ...]:
        """One container. Training is the work that takes most."""
        return (
            Container(
                name=name,
                cpu=self.cpu,
                memory_mb=self.memory_mb,
                min_cpu=1.0,
                min_memory_mb=2048,
                disk_mb=2048,
                source=f"{_REQUIREMENTS}: 1 CPU and 2 GB; disk: its pages and its models, ours",
            ),
        )

    def connections(self) -> int:
        """The pools of its processes."""
        return 3 * POOL + NLU_POOL


class BotpressCloud(Service):
    """Botpress at its vendor: nothing of it runs here."""

    kind: Literal["cloud"] = Field(description="none, v12 (runs here) or cloud (its vendor's)")
    workspace_id: _Word = Field(description="The workspace that has the bots")
    bots: dict[Name, _Word] = Field(default_factory=dict, description="What each bot is called here, and its id")

    # https://botpress.com/docs/api-reference/runtime-api/openapi/createMessage: a header names the bot.
    elsewhere: ClassVar[Elsewhere | None] = Elsewhere(url=f"{API_URL}/chat/messages", token="botpress_token")  # noqa: S106 - a name
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("botpress_token", "external", "botpress_token", "A personal access token at Botpress Cloud"),
    )

    def announced(self) -> dict[str, Any]:
        """What others may know of it."""
        return {"kind": self.kind, "apiUrl": API_URL, "workspaceId": self.workspace_id, "bots": self.bots}


def chosen(value: Any) -> Any:
    """What the file says of Botpress, before it is read: `kind: none` is no Botpress."""
    if value is None or isinstance(value, Service):
        return value
    if not isinstance(value, Mapping):
        raise fault("must be an object", "kind: none, v12 or cloud, and what that needs")
    kind = value.get("kind")
    if kind == "none" and len(value) > 1:
        others = ", ".join(sorted(set(value) - {"kind"}))
        raise fault("a Botpress that does not run needs no further keys", f"remove {others}; or kind: v12 or cloud")
    if kind not in ("none", "v12", "cloud"):
        said = f"{kind!r} is no kind of Botpress here" if "kind" in value else "it does not say which Botpress"
        raise fault(said, "kind: none, v12 or cloud")
    return None if kind == "none" else value
