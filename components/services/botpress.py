"""Botpress: version 12 as one container, or its vendor's cloud, of which nothing runs here.

Its bots are made in it elsewhere. Their code runs in a sandbox that sees no files and, of the environment, what begins
with EXPOSED_: so the ends of its calls, with their secrets, and the accounts that name it are handed over as that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements import RunsContainers
from components.secrecy import secret
from components.services.cloudflare_ranges import CLOUDFLARE_RANGES
from components.services.context import ServiceContext, ServiceOutputs
from components.services.handed import HandedAccounts, Wires
from components.services.postgres import Database
from components.services.redis_login import RedisLogin
from components.workload import Health, Volume, Workload
from settings import WebAddress
from settings.images import Image
from settings.services.botpress import POOL, BotpressCloud, BotpressV12

__all__ = ["SOURCES", "Botpress", "BotpressArgs", "declare"]

_REPOSITORY = "botpress/v12 v12.31.10"
_VARIABLES = f"{_REPOSITORY} docs/docs/going-to-production/environment-variables.md"
_CONFIG = f"{_REPOSITORY} packages/bp/src/core/config/botpress.config.ts (a key of it as BP_CONFIG_…, config-loader.ts)"

SOURCES: Mapping[str, str] = {
    "AUTO_MIGRATE": _VARIABLES,
    "BPFS_STORAGE": _VARIABLES,
    "BP_ADMIN_*": f"{_REPOSITORY} packages/bp/src/core/security/strategy-basic.ts",
    "BP_CONFIG_*": _CONFIG,
    "BP_MODULE_NLU_LANGUAGESOURCES": f"{_REPOSITORY} modules/nlu/src/config.ts",
    "BP_PRODUCTION": _VARIABLES,
    "BP_REDIS_SCOPE": f"{_REPOSITORY} docs/docs/enterprise/server-and-cicd-management/production-checklist.md",
    "CLUSTER_ENABLED": f"{_REPOSITORY} packages/bp/src/core/app/botpress.ts (checkEditionRequirements: Pro alone)",
    "DATABASE_POOL": f"{_REPOSITORY} packages/bp/src/core/database/index.ts",
    "DATABASE_URL": _VARIABLES,
    "EXPOSED_*": f"{_REPOSITORY} packages/bp/src/core/misc/code-sandbox.ts; what is in them: docs/wiring.md",
    "EXTERNAL_URL": _VARIABLES,
    "REDIS_URL": _VARIABLES,
    "REVERSE_PROXY": f"{_REPOSITORY} packages/bp/src/core/app/server.ts (Express' `trust proxy`)",
    "port": f"{_REPOSITORY} build/docker/Dockerfile (EXPOSE 3000)",
    "volumes": f"{_REPOSITORY} docs/docs/going-to-production/deploy/docker-compose.md (/botpress/data)",
    "user": f"{_REPOSITORY} Dockerfile (user botpress; its documentation of bind mounts says 999:999)",
    "health": f"{_REPOSITORY} packages/bp/src/core/app/server.ts (/status; 503 until it is ready)",
}
"""Which file of the vendor says so: a variable, or a beginning of several."""

# The user `botpress` of the image.
USER = "999:999"
REDIS_SCOPE = "botpress"
"""What its keys and channels begin with: its user of Redis is held to it (components/services/redis_users.py)."""
# Its own defaults are 5 s and 360 characters: a call of a tool takes longer, and a message of WhatsApp has 4,096.
CONVERSE_TIMEOUT, CONVERSE_LENGTH = "60s", 4096


@dataclass(frozen=True, kw_only=True)
class BotpressArgs:
    """What Botpress needs from the rest of the platform."""

    placement: RunsContainers
    image: Image
    database: Database
    redis: RedisLogin | None
    """None without a licence of Pro."""
    licence_key: Input[str] | None
    address: WebAddress
    wanted: BotpressV12
    admin_email: str
    admin_password: Input[str]
    app_secret: Input[str]
    wires: Wires
    accounts: HandedAccounts


class Botpress(ComponentResource):
    """A running Botpress, reachable at `url`."""

    url: Output[str]

    def __init__(self, name: str, args: BotpressArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Botpress", name, None, opts)
        running = args.placement.run(name, _workload(args), ResourceOptions(parent=self))
        self.url = Output.from_input(running.url or args.address.url)
        self.register_outputs({"url": self.url})


def _workload(args: BotpressArgs) -> Workload:
    return Workload(
        image=args.image.reference,
        port=args.wanted.port,
        hostname=args.address.host,
        # It migrates, and unpacks its modules, before it answers.
        health=Health(http_path="/status", start_s=600),
        cpu=args.wanted.cpu,
        memory_mb=args.wanted.memory_mb,
        env={**_environment(args), **_settings(args), **_exposed(args.wires.plain), **_exposed(args.accounts.plain)},
        secrets={
            "DATABASE_URL": _database_url(args.database),
            "BP_CONFIG_APPSECRET": args.app_secret,
            "BP_ADMIN_PASSWORD": args.admin_password,
            **({"BP_CONFIG_PRO_LICENSEKEY": args.licence_key} if args.licence_key else {}),
            **({"REDIS_URL": args.redis.url} if args.redis else {}),
            **_exposed(args.wires.keys),
            **_exposed(args.accounts.keys),
        },
        volumes=[Volume("data", "/botpress/data", needs="posix")],
        user=USER,
        writable_root_because="it unpacks its modules beside its program, and its models into its user's home",
        access=["web", "data"],
        stop_timeout_s=60,
    )


def _environment(args: BotpressArgs) -> dict[str, Input[str]]:
    cluster = {"CLUSTER_ENABLED": "true", "BP_REDIS_SCOPE": REDIS_SCOPE}
    sources = json.dumps([{"endpoint": args.wanted.language_server}])
    return {
        "EXTERNAL_URL": args.address.url,
        "BP_PRODUCTION": "true",
        "BPFS_STORAGE": "database",
        "AUTO_MIGRATE": "true",
        "DATABASE_POOL": json.dumps({"min": 0, "max": POOL}),
        # It looks for the login in small letters.
        "BP_ADMIN_EMAIL": args.admin_email.lower(),
        **({"REVERSE_PROXY": _trusted(args.address)} if args.address.proxies else {}),
        **({"BP_MODULE_NLU_LANGUAGESOURCES": sources} if args.wanted.language_server else {}),
        **(cluster if args.redis else {}),
    }


def _settings(args: BotpressArgs) -> dict[str, Input[str]]:
    """Its configuration file's keys, which the environment overrides."""
    return {
        "BP_CONFIG_PRO_ENABLED": str(args.wanted.licence == "pro").lower(),
        "BP_CONFIG_HTTPSERVER_CORS_ORIGIN": args.address.url,
        "BP_CONFIG_HTTPSERVER_RATELIMIT_ENABLED": "true",
        # Who talks to a bot past the web chat logs in: else whoever knows a bot's name could.
        "BP_CONFIG_CONVERSE_ENABLEUNSECUREDENDPOINT": "false",
        "BP_CONFIG_CONVERSE_TIMEOUT": CONVERSE_TIMEOUT,
        "BP_CONFIG_CONVERSE_MAXMESSAGELENGTH": str(CONVERSE_LENGTH),
        "BP_CONFIG_ALLOWSERVERREBOOT": "false",
        "BP_CONFIG_SENDUSAGESTATS": "false",
    }


def _exposed(variables: Mapping[str, Input[str]]) -> dict[str, Input[str]]:
    return {f"EXPOSED_{name}": value for name, value in variables.items()}


def _trusted(address: WebAddress) -> str:
    """The proxies whose word on who calls is taken: those beside it, and Cloudflare where it stands before them."""
    return ", ".join(("uniquelocal", *(CLOUDFLARE_RANGES if address.proxies > 1 else ())))


def _database_url(database: Database) -> Output[str]:
    return secret(
        Output.concat(
            "postgres://",
            database.user,
            ":",
            database.password,
            "@",
            database.host,
            f":{database.port}/",
            database.database_name,
            "?sslmode=verify-full" if database.tls else "",
        )
    )


def declare(ctx: ServiceContext, wanted: BotpressV12 | BotpressCloud) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    if isinstance(wanted, BotpressCloud):
        workspace = f"https://app.botpress.cloud/workspaces/{wanted.workspace_id}"
        return ServiceOutputs(url=Output.from_input(workspace))
    pro = wanted.licence == "pro"
    botpress = Botpress(
        "botpress",
        BotpressArgs(
            placement=ctx.placement(wanted.placement),
            image=ctx.settings.image("botpress"),
            database=ctx.database("botpress", wanted.database),
            redis=ctx.redis_login("botpress", wanted.placement) if pro else None,
            licence_key=ctx.secret("botpress_licence_key") if pro else None,
            address=ctx.settings.address("botpress"),
            wanted=wanted,
            admin_email=ctx.settings.operators.email,
            admin_password=ctx.secret("botpress_admin_password"),
            app_secret=ctx.secret("botpress_app_secret"),
            wires=ctx.wires("botpress"),
            accounts=ctx.accounts("botpress"),
        ),
        ctx.inside(wanted.placement),
    )
    return ServiceOutputs(url=botpress.url)
