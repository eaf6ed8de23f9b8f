"""Chatwoot, the customers' inbox: a web and a worker of one image, told the same, after their database is prepared.

The order is the vendor's: `db:chatwoot_prepare` makes the tables or migrates them, then the web starts, then the
worker, which sends what the web hands it: mail, webhooks, deletions. The super administrator is made after the tables
and before the web: else the first visitor would be. The extensions are created before, by an administrator of the
database: so the preparation finds them there, and needs no right to create one. Accounts, inboxes and agents are made
elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements import Running, RunsContainers
from components.services.context import ServiceContext, ServiceOutputs
from components.services.handed import Wires
from components.services.postgres import Database
from components.services.redis_login import RedisLogin
from components.workload import Health, Volume, Workload
from settings import WebAddress
from settings.images import Image
from settings.mail import Mail
from settings.services.chatwoot import Chatwoot as ChatwootSettings
from settings.services.chatwoot_attachments import AttachmentsInS3

__all__ = ["SOURCES", "Chatwoot", "ChatwootArgs", "declare"]

_DOCS = "https://developers.chatwoot.com/self-hosted"
_VARIABLES = f"{_DOCS}/configuration/environment-variables"
_TUNING = f"{_DOCS}/deployment/performance/optimizing-configurations"
_IN_S3 = f"{_DOCS}/deployment/storage/supported-providers#using-amazon-s3-compatible-service"
_CHART = "https://github.com/chatwoot/charts/blob/main/charts/chatwoot"
_SOURCE = "https://github.com/chatwoot/chatwoot/blob/develop"

SOURCES: Mapping[str, str] = {
    "RAILS_ENV": f"{_VARIABLES}#rails-production-variables",
    "NODE_ENV": f"{_SOURCE}/docker-compose.production.yaml",
    "INSTALLATION_ENV": f"{_SOURCE}/docker-compose.production.yaml",
    "SECRET_KEY_BASE": f"{_VARIABLES}#rails-production-variables",
    "ACTIVE_RECORD_ENCRYPTION_*": f"{_DOCS}/configuration/multi-factor-authentication",
    "FRONTEND_URL": f"{_VARIABLES}#configure-frontend-url-domain",
    "FORCE_SSL": f"{_SOURCE}/config/environments/production.rb",
    "ENABLE_ACCOUNT_SIGNUP": f"{_VARIABLES}#enable-new-account-signup",
    "DEFAULT_LOCALE": f"{_VARIABLES}#configure-default-language",
    "DISABLE_TELEMETRY": f"{_DOCS}/telemetry",
    "POSTGRES_*": f"{_VARIABLES}#configure-postgres",
    "REDIS_URL": f"{_VARIABLES}#configure-redis",
    "RAILS_MAX_THREADS": f"{_TUNING}#threads",
    "WEB_CONCURRENCY": f"{_TUNING}#configuring-the-number-of-workers",
    "SIDEKIQ_CONCURRENCY": f"{_TUNING}#sidekiq",
    "SIDEKIQ_SHUTDOWN_TIMEOUT": f"{_SOURCE}/config/sidekiq.yml",
    "SIDEKIQ_ALIVE_HOST": "https://github.com/chatwoot/chatwoot/pull/15820",
    "RAILS_LOG_TO_STDOUT": f"{_CHART}/values.yaml",
    "LOG_LEVEL": f"{_VARIABLES}#rails-logging-variables",
    "ACTIVE_STORAGE_SERVICE": f"{_VARIABLES}#configure-storage",
    "STORAGE_*": _IN_S3,
    "AWS_REQUEST_CHECKSUM_CALCULATION": "https://github.com/chatwoot/chatwoot/issues/13299",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "https://github.com/chatwoot/chatwoot/issues/13299",
    "MAILER_SENDER_EMAIL": f"{_VARIABLES}#configure-emails",
    "SMTP_*": f"{_VARIABLES}#configure-emails",
    "SAFE_FETCH_ALLOW_PRIVATE_NETWORK": "https://github.com/chatwoot/chatwoot/pull/14548",
    "SMOS_*": "settings/wiring.py",
    "port": f"{_DOCS}/deployment/docker",
    "volumes": f"{_SOURCE}/docker-compose.production.yaml (/app/storage, in web and worker alike)",
    "user": f"{_SOURCE}/docker/Dockerfile (no USER: root, who owns /app; docker/entrypoints/rails.sh needs no more)",
    "health": f"{_CHART}/templates/web-deployment.yaml; of the worker https://github.com/chatwoot/chatwoot/pull/12008",
}
"""Which page of the vendor says so: a variable, or a beginning of several."""

STORAGE = "/app/storage"
# What sidekiq_alive listens on, by default (https://github.com/arturictus/sidekiq_alive).
ALIVE_PORT = 7433
SHUTDOWN_S = 60
# Rails sends what comes without TLS to its https address; the proxy says so of what came to it by TLS.
WEB_HEALTH = ("wget", "-q", "-O", "/dev/null", "--header", "X-Forwarded-Proto: https", "http://127.0.0.1:3000/health")
OWNER_FILE = "owner-password"
# Both must end well, or the web does not start.
PREPARE = 'set -e; bundle exec rails db:chatwoot_prepare; exec bundle exec rails runner "$1"'
# It clears what a killed server left behind, then becomes the server.
WEB_ENTRY = ("docker/entrypoints/rails.sh",)
WEB = ("bundle", "exec", "rails", "s", "-p", "3000", "-b", "0.0.0.0")  # noqa: S104 - inside the container
WORKER = ("bundle", "exec", "sidekiq", "-C", "config/sidekiq.yml")


@dataclass(frozen=True, kw_only=True)
class ChatwootArgs:
    """What Chatwoot needs from the rest of the platform."""

    placement: RunsContainers
    image: Image
    database: Database
    redis: RedisLogin
    address: WebAddress
    wanted: ChatwootSettings
    owner_email: str
    owner_password: Input[str]
    keys: Mapping[str, Input[str]]
    """Its own secrets, by their names in the settings."""
    wires: Wires


class Chatwoot(ComponentResource):
    """A running Chatwoot, reachable at `url`."""

    url: Output[str]

    def __init__(self, name: str, args: ChatwootArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Chatwoot", name, None, opts)
        web = args.placement.run(name, _web(name, args), ResourceOptions(parent=self))
        args.placement.run(f"{name}-worker", _worker(name, args, web), ResourceOptions(parent=self))
        self.url = Output.from_input(web.url or args.address.url)
        self.register_outputs({"url": self.url})


def owner_script() -> str:
    """The script, as it is in this folder."""
    return Path(__file__).with_name("chatwoot_owner.rb").read_text(encoding="utf-8")


def _web(name: str, args: ChatwootArgs) -> Workload:
    return Workload(
        **_shared(args),
        port=args.wanted.port,
        hostname=args.address.host,
        health=Health(command=["CMD", *WEB_HEALTH], start_s=180),
        cpu=args.wanted.cpu,
        memory_mb=args.wanted.memory_mb,
        env={
            **_environment(args),
            "SMOS_OWNER_EMAIL": args.owner_email,
            "SMOS_OWNER_PASSWORD_FILE": f"{Workload.SECRETS_FOLDER}/{OWNER_FILE}",
        },
        secret_files={**args.wires.secret_files, OWNER_FILE: args.owner_password},
        volumes=_volumes(args, of=""),
        command=WEB_ENTRY,
        args=WEB,
        prepare=["/bin/sh", "-c", PREPARE, "prepare", owner_script()],
    )


def _worker(name: str, args: ChatwootArgs, web: Running) -> Workload:
    # It learns its database's name when the web is there.
    database_name = Output.all(args.database.database_name, web.host).apply(lambda both: str(both[0]))
    return Workload(
        **_shared(args),
        port=ALIVE_PORT,
        secret_files=args.wires.secret_files,
        health=Health(http_path="/", start_s=180),
        cpu=args.wanted.worker_cpu,
        memory_mb=args.wanted.worker_memory_mb,
        # The port is for the health check alone: a scan of it once held a whole CPU (chatwoot/chatwoot#15818).
        env={**_environment(args), "POSTGRES_DATABASE": database_name, "SIDEKIQ_ALIVE_HOST": "127.0.0.1"},
        volumes=_volumes(args, of=name),
        command=WORKER,
        # What it is doing it ends, or puts back.
        stop_timeout_s=SHUTDOWN_S + 15,
    )


def _shared(args: ChatwootArgs) -> dict[str, Any]:
    """What web and worker have alike."""
    return {
        "image": args.image.reference,
        "secrets": _secrets(args),
        # The image's own.
        "user": "0:0",
        "writable_root_because": "Rails and Bundler write into the application's own folder: tmp, log, Gemfile.lock",
        "access": ["web", "data"],
    }


def _volumes(args: ChatwootArgs, *, of: str) -> list[Volume]:
    """The worker reads what the web was sent, and the other way round."""
    if isinstance(args.wanted.attachments, AttachmentsInS3):
        return []
    return [Volume("storage", STORAGE, needs="posix", of=of)]


def _environment(args: ChatwootArgs) -> dict[str, Input[str]]:
    wanted = args.wanted
    return {
        "RAILS_ENV": "production",
        "NODE_ENV": "production",
        "INSTALLATION_ENV": "docker",
        "FRONTEND_URL": args.address.url,
        "FORCE_SSL": str(args.address.tls).lower(),
        "ENABLE_ACCOUNT_SIGNUP": "false",
        "DEFAULT_LOCALE": wanted.locale,
        "DISABLE_TELEMETRY": "true",
        "POSTGRES_HOST": args.database.host,
        "POSTGRES_PORT": str(args.database.port),
        "POSTGRES_DATABASE": args.database.database_name,
        "POSTGRES_USERNAME": args.database.user,
        # One process of the web, whose pool is its threads.
        "WEB_CONCURRENCY": "0",
        "RAILS_MAX_THREADS": str(wanted.threads),
        "SIDEKIQ_CONCURRENCY": str(wanted.worker_threads),
        "SIDEKIQ_SHUTDOWN_TIMEOUT": str(SHUTDOWN_S),
        "RAILS_LOG_TO_STDOUT": "true",
        "LOG_LEVEL": "info",
        **_storage(wanted),
        **(_mail(wanted.mail) if wanted.mail else {}),
        # Only where no public name leads to whom it calls: it allows private addresses to every webhook.
        **({"SAFE_FETCH_ALLOW_PRIVATE_NETWORK": "true"} if args.wires.private_networks else {}),
        **args.wires.env,
    }


def _storage(wanted: ChatwootSettings) -> dict[str, str]:
    """The variables that say where attachments are kept: the blob storage, or the container's own volume."""
    store = wanted.attachments
    if not isinstance(store, AttachmentsInS3):
        return {"ACTIVE_STORAGE_SERVICE": "local"}
    return {
        "ACTIVE_STORAGE_SERVICE": "s3_compatible",
        "STORAGE_ENDPOINT": store.endpoint,
        "STORAGE_BUCKET_NAME": store.bucket,
        "STORAGE_REGION": store.region,
        "STORAGE_FORCE_PATH_STYLE": str(store.path_style).lower(),
        # Amazon's own checksums are refused by other stores, R2 among them.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
    }


def _mail(mail: Mail) -> dict[str, str]:
    """Through which server mail is sent, whose certificate is looked at."""
    starttls = mail.security == "starttls"
    return {
        "MAILER_SENDER_EMAIL": mail.sender,
        "SMTP_ADDRESS": mail.host,
        "SMTP_PORT": str(mail.port),
        "SMTP_DOMAIN": mail.sender.partition("@")[2],
        "SMTP_USERNAME": mail.user,
        "SMTP_AUTHENTICATION": "plain",
        "SMTP_OPENSSL_VERIFY_MODE": "peer",
        "SMTP_ENABLE_STARTTLS_AUTO": str(starttls).lower(),
        **({} if starttls else {"SMTP_TLS": "true"}),
    }


def _secrets(args: ChatwootArgs) -> dict[str, Input[str]]:
    """It reads no secret from a file."""
    variables = {
        "SECRET_KEY_BASE": "chatwoot_secret_key_base",
        "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY": "chatwoot_encryption_primary_key",
        "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY": "chatwoot_encryption_deterministic_key",
        "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT": "chatwoot_encryption_salt",
        "SMTP_PASSWORD": "chatwoot_smtp_password",
        "STORAGE_ACCESS_KEY_ID": "chatwoot_s3_access_key_id",
        "STORAGE_SECRET_ACCESS_KEY": "chatwoot_s3_secret_access_key",
    }
    own = {variable: args.keys[name] for variable, name in variables.items() if name in args.keys}
    return {**own, "POSTGRES_PASSWORD": args.database.password, "REDIS_URL": args.redis.url}


def declare(ctx: ServiceContext, wanted: ChatwootSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    chatwoot = Chatwoot(
        "chatwoot",
        ChatwootArgs(
            placement=ctx.placement(wanted.placement),
            image=ctx.settings.image("chatwoot"),
            database=ctx.database("chatwoot", wanted.database, *wanted.extensions),
            redis=ctx.redis_login("chatwoot", wanted.placement),
            address=ctx.settings.address("chatwoot"),
            wanted=wanted,
            owner_email=ctx.settings.operators.email,
            owner_password=ctx.secret("chatwoot_owner_password"),
            keys={one.name: ctx.secret(one.name) for one in wanted.called_for()},
            wires=ctx.wires("chatwoot"),
        ),
        ctx.inside(wanted.placement),
    )
    return ServiceOutputs(url=chatwoot.url)
