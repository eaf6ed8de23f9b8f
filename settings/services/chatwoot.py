"""What Chatwoot may be told.

It runs on a host alone. Its preparation creates its extensions itself, plpgsql too, which Azure's PostgreSQL refuses
even where they are there (chatwoot/charts#162, open); and its queue is a Redis beside it. Of its attachments: a storage
account of Azure would need an account key, which ours refuses (allow_shared_key_access=False), so a volume, or an S3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from settings.images import Image
from settings.mail import Mail
from settings.parts import Name
from settings.places import Accepts, ContainerPlace
from settings.redis_commands import NAMES_OF_KEYS, OWN_KEYS, RedisAccess
from settings.secrets import Secret
from settings.services.chatwoot_attachments import AttachmentsInS3, AttachmentsOnVolume
from settings.services.owner import Answer, Claim, NoOwner, Owner, Question, said
from settings.services.recovery import Decrypted, FilesThere, LogsIn, NoneWrong, NothingKept, Recovery, Written
from settings.services.service import Container, Hostname, Service
from settings.services.upgrades import Hurdle, Majors, SmokeTest, UpgradeRules

__all__ = ["Chatwoot"]

_REQUIREMENTS = "https://developers.chatwoot.com/self-hosted/deployment/requirements"
_CONTAINER = "[0-9a-f]" * 12
"""Docker's default host name: the first twelve digits of the container's id."""
_SMTP = Secret("chatwoot_smtp_password", "external", "smtp_password", "With which Chatwoot sends mail")
_S3 = (
    Secret("chatwoot_s3_access_key_id", "external", "s3_access_key_id", "With which Chatwoot reaches its bucket"),
    Secret("chatwoot_s3_secret_access_key", "external", "s3_secret_access_key", "Of that access key"),
)


def _onboarding(answer: Answer) -> Claim:
    """The page, while it makes whoever fills it in the super administrator; away from it afterwards."""
    if answer.status == 200:
        return "claimable"
    return "owned" if answer.status in (301, 302, 303) and answer.location == "/" else "unknown"


def _both_there(answer: Answer) -> str:
    """Its queue and its database, as it says itself; later ones answer 503 when one is not there."""
    found = {name: said(answer, name) for name in ("queue_services", "data_services")}
    bad = ", ".join(f"{name}: {what}" for name, what in found.items() if what != "ok")
    return bad or ("" if answer.status == 200 else f"status {answer.status}")


_UPGRADES = UpgradeRules(
    # Without -ce it is the other edition, under another licence.
    tags=r"v(?P<v1>\d+)\.(?P<v2>\d+)\.(?P<v3>\d+)-ce",
    example="v4.18.0-ce",
    majors=Majors(
        at_most=1,
        why="its vendor has one go over one or two versions at a time",
        way="first the newest of the next major, then the one after",
        source="chatwoot/chatwoot discussion 7849",
    ),
    hurdles=(
        Hurdle(
            name="chatwoot-v4",
            version=(4, 0, 0),
            why="from v4 on its PostgreSQL must have pgvector",
            way="a database server of this platform with VECTOR among its extensions, which makes it",
            source="chatwoot/docs self-hosted/runbooks/upgrade-to-chatwoot-v4.mdx",
        ),
    ),
    one_way="db:chatwoot_prepare migrates before the web starts; its vendor knows no way back but a backup",
    one_way_source="chatwoot/docs self-hosted/deployment/upgrade.mdx, backup.mdx",
    smoke=(
        SmokeTest(
            path="/api",
            problem=_both_there,
            version=lambda answer: said(answer, "version"),
            source="chatwoot/chatwoot app/controllers/api_controller.rb",
        ),
    ),
)


_NEEDS = "it needs a Redis beside it and a PostgreSQL in which it may create extensions, and {place} has neither"
_MEND = "where: docker, with a host"


class Chatwoot(Service):
    """The customers' inbox: web and worker, which share all that they are told."""

    placement: Annotated[ContainerPlace, Accepts(ContainerPlace, ("shares_redis",), _NEEDS, _MEND)] = Field(
        description="Where it runs"
    )
    hostname: Hostname = Field(description="Its name in the zone")
    database: Name = Field(description="Which one of smarteros:databaseServers holds its database")
    cpu: float = Field(1.0, ge=0.1, description="How many CPUs the web may use")
    memory_mb: int = Field(1536, ge=64, description="How much memory the web may use, in MB")
    worker_cpu: float = Field(1.0, ge=0.1, description="How many CPUs the worker may use")
    worker_memory_mb: int = Field(1536, ge=64, description="How much memory the worker may use, in MB")
    threads: int = Field(5, ge=1, le=32, description="How many requests the web answers at once")
    worker_threads: int = Field(10, ge=1, le=50, description="How many jobs the worker does at once")
    locale: str = Field("es", pattern="^[a-z]{2}(_[A-Z]{2})?$", description="The language of whoever chose none")
    attachments: Annotated[AttachmentsOnVolume | AttachmentsInS3, Field(discriminator="kind")] = Field(
        AttachmentsOnVolume.model_validate({"kind": "volume"}), description="Where attachments are kept"
    )
    mail: Mail | None = Field(None, description="Through which server it sends mail")

    port: ClassVar[int | None] = 3000
    # The community edition.
    images: ClassVar[Mapping[str, Image]] = {
        "chatwoot": Image(
            name="chatwoot/chatwoot",
            tag="v4.18.0-ce",
            digest=None,
        ),
    }
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {"chatwoot": _UPGRADES}
    # Sidekiq has no prefix, so its keys are named one by one. sidekiq/sidekiq v7.3 and v8.1 lib/sidekiq/{launcher,api,
    # scheduled,deploy,iterable}.rb and metrics/; sidekiq-cron lib/sidekiq/cron/job.rb; chatwoot/chatwoot config/
    # initializers/01_redis.rb (alfred, velma), config/cable.yml, and Rails' adapter for _action_cable_internal.
    redis_access: ClassVar[RedisAccess | None] = RedisAccess(
        keys=(
            *("alfred:*", "velma:*"),
            *(
                "queues",
                "queue:*",
                "schedule",
                "retry",
                "dead",
                "stat:*",
                "processes",
                "process_cleanup",
                "dear-leader",
            ),
            # A process is <host name>:<pid>:<nonce>, its work and signals are keys beside it.
            f"{_CONTAINER}:*",
            # Metrics: j|20261120|14:5 and <Class>-18-3:24 of 7.3; h|<Class>-18-3:24 and 261120|14:5 of 8.
            *("j|*", "h|*", "[A-Z]*-[0-9]*-[0-9]*:[0-9]*", "[0-9]*|[0-9]*:[0-9]*", "[0-9]*-marks", "deploylock-*"),
            *("it-*", "cron_jobs", "cron_jobs:*", "cron_job:*"),
            # The worker's health: arturictus/sidekiq_alive v2.5 lib/sidekiq_alive.rb.
            *("sidekiq-alive-hostnames", "SIDEKIQ::LIVENESS_PROBE_TIMESTAMP::*"),
        ),
        channels=("chatwoot_production_action_cable:*", "_action_cable_internal"),
        # chatwoot/chatwoot lib/global_config.rb:26 forgets cached settings by KEYS, each time db:chatwoot_prepare runs;
        # lib/redis/alfred.rb:47 finds others by SCAN. No pattern limits either: it may read the names of all keys.
        commands=f"{OWN_KEYS} {NAMES_OF_KEYS}",
    )
    tls_only: ClassVar[bool] = True
    needs_redis: ClassVar[bool] = True
    needs_mail: ClassVar[bool] = True
    mail_password: ClassVar[str] = _SMTP.name
    extensions: ClassVar[tuple[str, ...]] = ("pg_stat_statements", "pg_trgm", "pgcrypto", "vector")
    own_server_because: ClassVar[str] = (
        "its preparation creates its extensions itself, plpgsql too, which Azure refuses even where they are there "
        "(chatwoot/charts#162)"
    )
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("chatwoot_secret_key_base", "shared", "password", "Signs Chatwoot's sessions and links"),
        Secret(
            "chatwoot_encryption_primary_key",
            "shared",
            "password",
            "Chatwoot's key; losing it loses every second factor and credential stored in Chatwoot",
        ),
        Secret("chatwoot_encryption_deterministic_key", "shared", "password", "Of what Chatwoot looks up encrypted"),
        Secret("chatwoot_encryption_salt", "shared", "password", "From which Chatwoot's keys are derived"),
        Secret(
            "chatwoot_owner_password",
            "shared",
            "mixed_password",
            "Of Chatwoot's super administrator, operators.email",
        ),
    )
    owner: ClassVar[Owner | NoOwner | None] = Owner(
        made="preparation",
        password="chatwoot_owner_password",  # noqa: S106 - a name
        handed_in=("SMOS_OWNER_EMAIL", "SMOS_OWNER_PASSWORD_FILE", "owner-password"),
        question=Question(
            path="/installation/onboarding",
            means=_onboarding,
            source="chatwoot/chatwoot app/controllers/installation/onboarding_controller.rb",
        ),
    )
    # chatwoot/chatwoot db/schema.rb.
    recovery: ClassVar[Recovery | NothingKept | None] = Recovery(
        marker="conversations",
        checks=(
            NoneWrong(
                name="counters-are-ahead",
                asks="the counter of each account's conversations is not behind them",
                sql="SELECT a.id::text FROM accounts a WHERE coalesce(pg_sequence_last_value("
                "to_regclass('conv_dpid_seq_' || a.id)), 0) < coalesce((SELECT max(display_id) FROM conversations c "
                "WHERE c.account_id = a.id), 0) OR to_regclass('conv_dpid_seq_' || a.id) IS NULL",
                source="db/schema.rb (accounts_after_insert_row_tr, conversations_before_insert_row_tr); issue 8619",
            ),
            Written(
                name="conversation-is-created",
                asks="a new conversation gets its number, as the trigger gives it",
                needs="SELECT 1 FROM conversations",
                sql="INSERT INTO conversations (account_id, inbox_id, status, created_at, updated_at, display_id) "
                "SELECT account_id, inbox_id, 0, now(), now(), 0 FROM conversations ORDER BY id LIMIT 1 "
                "RETURNING display_id",
                source="db/schema.rb (conversations_before_insert_row_tr); issue 8619",
            ),
            NoneWrong(
                name="messages-have-conversations",
                asks="every message belongs to a conversation that is there",
                sql="SELECT m.id::text FROM messages m LEFT JOIN conversations c ON c.id = m.conversation_id "
                "WHERE c.id IS NULL",
                source="db/schema.rb (messages.conversation_id has no foreign key)",
            ),
            FilesThere(
                name="attachments-are-there",
                asks="every attachment is in the volume, with its checksum",
                sql="SELECT substr(key, 1, 2) || '/' || substr(key, 3, 2) || '/' || key, byte_size, checksum "
                "FROM active_storage_blobs WHERE service_name = 'local'",
                checksum="md5_base64",
                volume="chatwoot-storage",
                source="rails/rails activestorage/lib/active_storage/service/disk_service.rb (folder_for); issue 8408",
            ),
            Decrypted(
                name="second-factors-decrypt",
                asks="every encrypted second factor opens with Chatwoot's keys",
                sql="SELECT id::text, otp_secret FROM users WHERE otp_secret LIKE '{\"p\":%'",
                cipher="rails",
                secrets=(
                    "chatwoot_encryption_primary_key",
                    "chatwoot_encryption_deterministic_key",
                    "chatwoot_encryption_salt",
                ),
                source="config/application.rb (active_record.encryption); rails activerecord encryption/",
            ),
            LogsIn(
                name="administrator-logs-in",
                asks="the super administrator's stored password is the keyring's",
                sql="SELECT encrypted_password, '' FROM users WHERE type = 'SuperAdmin' ORDER BY id LIMIT 1",
                hashing="bcrypt",
                secret="chatwoot_owner_password",  # noqa: S106 - a name
                source="app/models/user.rb (devise database_authenticatable); config/initializers/devise.rb: no pepper",
            ),
        ),
        unasked="whether a channel still answers: its token is its vendor's to accept",
    )
    optional_secrets: ClassVar[tuple[Secret, ...]] = (_SMTP, *_S3)

    def called_for(self) -> tuple[Secret, ...]:
        """What it keeps, and what opens its mail server and its bucket."""
        in_s3 = _S3 if isinstance(self.attachments, AttachmentsInS3) else ()
        return (*self.secrets, *((_SMTP,) if self.mail else ()), *in_s3)

    def footprint(self, name: str) -> tuple[Container, ...]:
        """The web, what prepares the database before it, and the worker."""
        attachments = self.attachments.size_gb * 1024 if isinstance(self.attachments, AttachmentsOnVolume) else 0
        web = f"{_REQUIREMENTS}: 4 GB for all of it; chatwoot/charts values.yaml: 1000Mi for the preparation"
        return (
            _container(name, self.cpu, self.memory_mb, web, disk_mb=512 + attachments),
            _container(f"{name}-prepare", self.cpu, self.memory_mb, web, passing=True),
            _container(
                f"{name}-worker",
                self.worker_cpu,
                self.worker_memory_mb,
                f"{_REQUIREMENTS}: Sidekiq can use 1 GB and more",
            ),
        )

    def connections(self) -> int:
        """The web's threads and the worker's: its pools are as large (config/database.yml)."""
        return self.threads + self.worker_threads


def _container(
    name: str, cpu: float, memory_mb: int, source: str, disk_mb: int = 512, passing: bool = False
) -> Container:
    """A process of Rails. Its disk: what it caches and logs below its own folder."""
    return Container(
        name=name,
        cpu=cpu,
        memory_mb=memory_mb,
        min_cpu=0.25,
        min_memory_mb=1024,
        disk_mb=disk_mb,
        source=source,
        passing=passing,
    )
