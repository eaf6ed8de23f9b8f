"""What Metabase may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from settings.images import Image
from settings.parts import Name
from settings.places import Anywhere
from settings.secrets import Secret
from settings.services.owner import NoOwner, Owner, Question, by_flag
from settings.services.recovery import Decrypted, LogsIn, NothingKept, Recovery
from settings.services.service import Container, Hostname, Service
from settings.services.upgrades import Majors, SmokeTest, UpgradeRules, answers_well

__all__ = ["Metabase"]

# The vendor's smallest example: a heap of 1 GB on 2 GB.
MIN_MEMORY_MB = 2048
MEMORY_SOURCE = "https://www.metabase.com/docs/latest/troubleshooting-guide/running"
POOL_OF_APPLICATION, POOL_OF_SCHEDULER = 15, 5
"""MB_APPLICATION_DB_MAX_CONNECTION_POOL_SIZE and MB_QUARTZ_MAX_CONNECTION_POOL_SIZE, at their defaults."""


_UPGRADES = UpgradeRules(
    # v1… is the other edition, and metabase-enterprise another image.
    tags=r"v0\.(?P<v1>\d+)\.(?P<v2>\d+)(?:\.(?P<v3>\d+))?(?:\.(?P<v4>\d+))?",
    example="v0.64.1.5",
    majors=Majors(
        at_most=1,
        below=(40,),
        why="before 40, its vendor has one go release by release",
        way="the next release each time, up to the newest 40; from there any",
        source="metabase/metabase docs/installation-and-operation/upgrading-metabase.md (from older versions)",
    ),
    one_way="migrations run at its start, and even between minors older code may not start after them "
    "(metabase#70797); "
    "its vendor advises a backup rather than `migrate down` of the newer one, which has broken databases "
    "(metabase#41641)",
    one_way_source="metabase/metabase docs/installation-and-operation/upgrading-metabase.md (rolling back an upgrade)",
    smoke=(
        SmokeTest(path="/api/health", problem=answers_well, source="metabase/metabase src/metabase/server/routes.clj"),
    ),
)


class Metabase(Service):
    """Questions and dashboards over the databases, as one process."""

    placement: Anywhere = Field(description="Where it runs")
    hostname: Hostname = Field(description="Its name in the zone")
    database: Name = Field(description="Which one of smarteros:databaseServers holds its own database")
    cpu: float = Field(1.0, ge=0.5, description="How many CPUs it may use")
    memory_mb: int = Field(
        MIN_MEMORY_MB, ge=64, description="How much memory it may use, in MB; half of it or more is for the heap"
    )
    timezone: str = Field("America/Santiago", description="The zone in which reports are meant")
    locale: str = Field("es", pattern="^[a-z]{2}(_[A-Z]{2})?$", description="The language of whoever chose none")

    port: ClassVar[int | None] = 3000
    # The line with long-term support.
    images: ClassVar[Mapping[str, Image]] = {
        "metabase": Image(
            name="metabase/metabase",
            tag="v0.64.1.5",
            digest=None,
        ),
    }
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {"metabase": _UPGRADES}
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret(
            "metabase_encryption_key",
            "shared",
            "password",
            "Metabase's key; losing it loses every connection stored in Metabase",
        ),
        Secret("metabase_embedding_key", "shared", "hex_256", "Signs the dashboards that other pages show"),
        Secret("metabase_admin_password", "shared", "password", "Of Metabase's first administrator, operators.email"),
    )
    owner: ClassVar[Owner | NoOwner | None] = Owner(
        made="preparation",
        password="metabase_admin_password",  # noqa: S106 - a name
        handed_in=("SMOS_SETUP_REQUEST", "metabase-setup.json"),
        question=Question(
            path="/api/session/properties",
            means=by_flag("has-user-setup", claimable_if=False),
            source="metabase/metabase src/metabase/setup/core.clj (has-user-setup)",
        ),
    )

    # metabase/metabase src/metabase/app_db/encryption.clj.
    recovery: ClassVar[Recovery | NothingKept | None] = Recovery(
        marker="metabase_database",
        checks=(
            Decrypted(
                name="connections-decrypt",
                asks="every connection opens with Metabase's key",
                sql="SELECT id::text, details FROM metabase_database WHERE details IS NOT NULL",
                cipher="metabase",
                secrets=("metabase_encryption_key",),
                source="src/metabase/util/encryption.clj (maybe-decrypt is strict for them); issue 78383",
            ),
            Decrypted(
                name="settings-decrypt",
                asks="every encrypted setting opens with Metabase's key",
                sql="SELECT key, value FROM setting WHERE value IS NOT NULL",
                cipher="metabase",
                secrets=("metabase_encryption_key",),
                or_plain=True,
                source="src/metabase/util/encryption.clj (maybe-decrypt-accepting-plaintext); issue 67976",
            ),
            LogsIn(
                name="administrator-logs-in",
                asks="the first administrator's stored password is the keyring's",
                sql="SELECT password, password_salt FROM core_user WHERE is_superuser AND is_active "
                "ORDER BY id LIMIT 1",
                hashing="bcrypt_salted",
                secret="metabase_admin_password",  # noqa: S106 - a name
                source="src/metabase/util/password.clj (verify-password: salt before password)",
            ),
        ),
        unasked="whether a question runs: it asks the databases that its connections lead to",
    )

    def footprint(self, name: str) -> tuple[Container, ...]:
        """One process, and before it the one that makes the administrator."""
        return tuple(
            Container(
                name=container,
                cpu=self.cpu,
                memory_mb=self.memory_mb,
                min_cpu=0.5,
                min_memory_mb=MIN_MEMORY_MB,
                disk_mb=1024,
                source=f"{MEMORY_SOURCE}: a heap of 1 GB on 2 GB; disk: the drivers that it unpacks, ours",
                passing=passing,
            )
            for container, passing in ((name, False), (f"{name}-prepare", True))
        )

    def connections(self) -> int:
        """Its two pools; those to the databases that it asks are its users' choice."""
        return POOL_OF_APPLICATION + POOL_OF_SCHEDULER
