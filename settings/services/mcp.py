"""What the MCP gateway may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from settings.images import Image, parsed_image
from settings.parts import Name
from settings.places import Accepts, ContainerPlace
from settings.redis_commands import OWN_KEYS, RedisAccess
from settings.secrets import Secret
from settings.services.owner import Answer, Claim, NoOwner, Owner, Question
from settings.services.recovery import Decrypted, NoneWrong, NothingKept, Recovery
from settings.services.service import Container, Hostname, Service
from settings.services.upgrades import Hurdle, Majors, SmokeTest, UpgradeRules, answers_well

__all__ = ["Mcp"]

_CHART = "IBM/mcp-context-forge charts/mcp-stack/values.yaml, v1.0.8: mcpContextForge.resources.requests"

_UUID = "-".join("[0-9a-f]" * length for length in (8, 4, 4, 4, 12))

POOL, OVERFLOW = 4, 2
"""DB_POOL_SIZE and DB_MAX_OVERFLOW, of each worker."""
MIGRATION = 2
"""Before the workers start, the process that makes them brings the database up to date."""


_GUIDE = "IBM/mcp-context-forge docs/docs/manage"
_UPGRADES = UpgradeRules(
    tags=r"v?(?P<v1>\d+)\.(?P<v2>\d+)\.(?P<v3>\d+)",
    example="v1.0.8",
    majors=Majors(
        at_most=1,
        why="each major has a guide of its own, from the one before it",
        way="one major after the other",
        source=f"{_GUIDE}/upgrade.md; MIGRATION.md",
    ),
    hurdles=(
        Hurdle(
            name="mcp-1",
            version=(1, 0, 0),
            why="eight breaking changes; and routes without /v1 are deprecated",
            way="go through the guide: tokens, variables and agents' addresses",
            source=f"{_GUIDE}/upgrade-to-1.0.0-rc3.md; MIGRATION.md",
        ),
    ),
    one_way="Alembic migrates at its start; its vendor asks for a backup of the database first",
    one_way_source=f"{_GUIDE}/upgrade.md",
    smoke=(SmokeTest(path="/health", problem=answers_well, source="IBM/mcp-context-forge mcpgateway/main.py:12211"),),
)


def _vendors_password(answer: Answer) -> Claim:
    """What the gateway answers to its vendor's own administrator."""
    if answer.status == 200:
        return "claimable"
    return "owned" if answer.status in (401, 403) else "unknown"


def _is_pinned(value: str) -> str:
    parsed_image(value)
    return value


class Mcp(Service):
    """The one door through which agents reach tools: ContextForge, which asks everybody for a token."""

    placement: Annotated[ContainerPlace, Accepts(ContainerPlace, ("shares_redis", "probes_by_command"))] = Field(
        description="Where it runs"
    )
    hostname: Hostname | None = Field(
        None, description="Its name in the zone; without one, only services on the same host reach it"
    )
    database: Name = Field(description="Which one of smarteros:databaseServers holds its database")
    image: Annotated[str, AfterValidator(_is_pinned)] | None = Field(
        None, description="Another build of ContextForge, as name:tag; the vendor's own, when it is not said"
    )
    cpu: float = Field(1.0, ge=0.25, description="How many CPUs it may use")
    memory_mb: int = Field(1024, ge=512, description="How much memory it may use, in MB")
    workers: int = Field(2, ge=1, le=16, description="How many processes answer")
    requests_per_minute: int = Field(
        600, ge=10, description="How many calls of tools a minute it takes from one user, and from one address"
    )
    tool_timeout_s: int = Field(60, ge=1, le=600, description="How long a tool may take, in seconds")
    admin_ui: bool = Field(False, description="Whether it has its pages for administrators; they ask for a password")

    port: ClassVar[int | None] = 4444
    images: ClassVar[Mapping[str, Image]] = {
        "mcp": Image(
            name="ghcr.io/ibm/mcp-context-forge",
            tag="v1.0.8",
            digest=None,
        ),
    }
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {"mcp": _UPGRADES}
    # IBM/mcp-context-forge mcpgateway/: CACHE_PREFIX covers its caches only. It answers a session on a channel that is
    # the session's UUID. To forget what is cached it scans: it may read the names of all keys, and no others' values.
    redis_access: ClassVar[RedisAccess | None] = RedisAccess(
        keys=(
            *("mcpgw:*", "mcpgateway:*", "contextforge:*", "mcp:*", "plugin:*", "oauth:state*", "ratelimit:*"),
            *("token:*", "token_exchange:*", "api_token_last_used:*", "gateway_service_leader", "UserConfig*"),
            *("user_config:*", "user_config_version:*", "active_session:*", "session_lock:*", "chat_history:*"),
        ),
        channels=(
            *("mcpgw:*", "mcpgateway:*", "contextforge:*", "mcp:session:*", "mcp_session_events"),
            *("plugin:invalidation", "cancellation:cancel", _UUID),
        ),
        commands=f"{OWN_KEYS} +scan",
    )
    needs_redis: ClassVar[bool] = True
    takes_accounts: ClassVar[bool] = True
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("mcp_jwt_secret", "shared", "hex_256", "Signs the tokens of agents; losing it ends all of them"),
        Secret(
            "mcp_encryption_secret", "shared", "hex_256", "The gateway's key; losing it loses the credentials of tools"
        ),
        Secret("mcp_admin_password", "shared", "password", "Of the gateway's first administrator, operators.email"),
    )
    owner: ClassVar[Owner | NoOwner | None] = Owner(
        made="start",
        password="mcp_admin_password",  # noqa: S106 - a name
        handed_in=("PLATFORM_ADMIN_EMAIL", "PLATFORM_ADMIN_PASSWORD"),
        question=Question(
            path="/auth/email/login",
            body={"email": "admin@example.com", "password": "changeme"},
            means=_vendors_password,
            source="IBM/mcp-context-forge mcpgateway/routers/email_auth.py:203, mcpgateway/config.py:1006",
        ),
    )

    # IBM/mcp-context-forge mcpgateway/db.py, v1.0.8.
    recovery: ClassVar[Recovery | NothingKept | None] = Recovery(
        marker="email_users",
        checks=(
            Decrypted(
                name="credentials-of-tools-decrypt",
                asks="every tool's credential opens with the gateway's key",
                sql="SELECT id::text, auth_value FROM tools WHERE auth_value IS NOT NULL AND auth_value <> ''",
                cipher="contextforge",
                secrets=("mcp_encryption_secret",),
                source="mcpgateway/utils/services_auth.py (decode_auth)",
            ),
            NoneWrong(
                name="members-are-there",
                asks="every member of a team is a user who is there",
                sql="SELECT m.user_email FROM email_team_members m LEFT JOIN email_users u ON u.email = m.user_email "
                "WHERE u.email IS NULL",
                source="mcpgateway/db.py (email_team_members)",
            ),
        ),
        unasked="whether a tool is reached, and the administrator's login: its password is hashed by Argon2",
    )

    def images_named(self) -> tuple[str, ...]:
        """Another build of it, where one is told."""
        return (self.image,) if self.image else ()

    def footprint(self, name: str) -> tuple[Container, ...]:
        """One container, with its workers in it. Measured: 220 to 240 MB a process, of which most is shared."""
        return (
            Container(
                name=name,
                cpu=self.cpu,
                memory_mb=self.memory_mb,
                min_cpu=0.5,
                min_memory_mb=768,
                source=f"{_CHART}: 500m and 768Mi, with two workers",
            ),
        )

    def connections(self) -> int:
        """The pools of its workers."""
        return self.workers * (POOL + OVERFLOW) + MIGRATION
