"""The MCP gateway, ContextForge: the one door through which agents reach tools. It asks everybody for a token.

Its tools, its virtual servers and its users are made in it elsewhere. It verifies its own tokens, not the header
X-SMOS-HMAC: see docs/wiring.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements import RunsContainers
from components.secrecy import secret
from components.services.context import ServiceContext, ServiceOutputs
from components.services.handed import HandedAccounts, Wires
from components.services.postgres import Database
from components.services.redis_login import RedisLogin
from components.workload import Health, Volume, Workload
from settings import WebAddress
from settings.images import Image, parsed_image
from settings.services.mcp import OVERFLOW, POOL
from settings.services.mcp import Mcp as McpSettings

__all__ = ["SOURCES", "Mcp", "McpArgs", "declare"]

_REPOSITORY = "IBM/mcp-context-forge v1.0.8"
_CONFIGURATION = f"{_REPOSITORY} docs/docs/manage/configuration.md"

SOURCES: Mapping[str, str] = {
    "ADMIN_REQUIRE_PASSWORD_CHANGE_ON_BOOTSTRAP": f"{_REPOSITORY} mcpgateway/bootstrap_db.py",
    "ALLOWED_ORIGINS": f"{_CONFIGURATION} (Security)",
    "APP_DOMAIN": f"{_CONFIGURATION} (Security)",
    "AUDIT_TRAIL_ENABLED": f"{_REPOSITORY} mcpgateway/config.py (audit_trail_enabled)",
    "AUTH_ENCRYPTION_SECRET": f"{_CONFIGURATION} (Required: Change Before Use)",
    "AUTH_REQUIRED": f"{_CONFIGURATION} (Authentication)",
    "CACHE_TYPE": f"{_CONFIGURATION} (Cache Backend)",
    "DATABASE_URL": f"{_CONFIGURATION} (Supported Databases)",
    "DB_*": f"{_CONFIGURATION} (Database Connection Pool)",
    "ENVIRONMENT": f"{_CONFIGURATION} (Security)",
    "GUNICORN_WORKERS": f"{_REPOSITORY} run-gunicorn.sh",
    "HOST": f"{_CONFIGURATION} (Basic Settings)",
    "JWT_AUDIENCE": f"{_REPOSITORY} mcpgateway/config.py:361 (jwt_audience)",
    "JWT_ISSUER": f"{_REPOSITORY} mcpgateway/config.py:362 (jwt_issuer)",
    "JWT_SECRET_KEY": f"{_CONFIGURATION} (Required: Change Before Use)",
    "LLMCHAT_ENABLED": f"{_CONFIGURATION} (LLM Chat MCP Client)",
    "LOG_LEVEL": f"{_CONFIGURATION} (Logging)",
    "MCPGATEWAY_*": f"{_CONFIGURATION} (UI Features, A2A, MCP Server Catalog)",
    "MCP_*": f"{_CONFIGURATION} (MCP Client Authentication)",
    "PASSWORD_*": f"{_CONFIGURATION} (Email-Based Authentication & User Management)",
    "PLATFORM_ADMIN_*": f"{_CONFIGURATION} (Email-Based Authentication & User Management)",
    "PORT": f"{_CONFIGURATION} (Basic Settings)",
    "RATE_LIMIT*": f"{_REPOSITORY} mcpgateway/middleware/rate_limit_middleware.py",
    "REDIS_URL": f"{_CONFIGURATION} (Cache Backend)",
    "REQUIRE_USER_IN_DB": f"{_CONFIGURATION} (Authentication)",
    "SECURE_COOKIES": f"{_CONFIGURATION} (Security)",
    "SECURITY_LOGGING_*": f"{_REPOSITORY} mcpgateway/config.py (security_logging_enabled)",
    "SMOS_*": "ours: docs/wiring.md",
    "SSRF_ALLOWED_NETWORKS": f"{_CONFIGURATION} (SSRF Protection)",
    "TOOL_TIMEOUT": f"{_CONFIGURATION} (Tools)",
    "UAID_*": f"{_REPOSITORY} mcpgateway/config.py:764 (uaid_allowed_domains)",
    "port": f"{_REPOSITORY} Containerfile (EXPOSE 4444)",
    "volumes": f"{_REPOSITORY} charts/mcp-stack/templates/deployment-mcpgateway.yaml (/tmp alone, on a read-only root)",
    "user": f"{_REPOSITORY} Containerfile:494 (USER 10001:10001)",
    "health": f"{_REPOSITORY} charts/mcp-stack/values.yaml (readiness: /ready)",
}
"""Which file of the vendor says so: a variable, or a beginning of several."""

# The user `app` of the image.
USER = "10001:10001"
# The image has neither wget nor curl.
READY = "import urllib.request as r; r.urlopen('http://127.0.0.1:{port}/ready', timeout=4)"
# Where Red Hat's images, of which this is one, have the authorities; libpq looks nowhere by itself.
VERIFIED = "?sslmode=verify-full&sslrootcert=/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"


@dataclass(frozen=True, kw_only=True)
class McpArgs:
    """What the gateway needs from the rest of the platform."""

    placement: RunsContainers
    image: Image
    database: Database
    redis: RedisLogin
    address: WebAddress | None
    """None when it has no name, so that only its neighbours reach it."""
    wanted: McpSettings
    environment: str
    """What tells this environment's gateway from any other's."""
    admin_email: str
    admin_password: Input[str]
    jwt_secret: Input[str]
    encryption_secret: Input[str]
    wires: Wires
    accounts: HandedAccounts


class Mcp(ComponentResource):
    """A running gateway, at `host` for what is in the same network."""

    host: Output[str]

    def __init__(self, name: str, args: McpArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Mcp", name, None, opts)
        running = args.placement.run(name, _workload(args), ResourceOptions(parent=self))
        self.host = running.host
        self.register_outputs({"host": self.host})


def _workload(args: McpArgs) -> Workload:
    return Workload(
        image=args.image.reference,
        port=args.wanted.port,
        hostname=args.address.host if args.address else None,
        health=Health(
            command=["CMD", "python3", "-c", READY.format(port=args.wanted.port)], start_s=600, interval_s=30
        ),
        cpu=args.wanted.cpu,
        memory_mb=args.wanted.memory_mb,
        env={**_environment(args), **_door(args), **args.wires.env, **args.accounts.plain},
        secrets={
            "DATABASE_URL": _database_url(args.database),
            "REDIS_URL": args.redis.url,
            "JWT_SECRET_KEY": args.jwt_secret,
            "AUTH_ENCRYPTION_SECRET": args.encryption_secret,
            "PLATFORM_ADMIN_PASSWORD": args.admin_password,
            # It looks for keys of models in its environment alone (mcpgateway/toolops/utils/llm_util.py).
            **args.accounts.keys,
        },
        secret_files=args.wires.secret_files,
        volumes=[Volume("tmp", "/tmp", needs="scratch", size_mb=128)],  # noqa: S108 - inside the container
        user=USER,
        read_only_root=True,
        access=["web", "data"],
        stop_timeout_s=60,
    )


def _environment(args: McpArgs) -> dict[str, Input[str]]:
    wanted = args.wanted
    return {
        "HOST": "0.0.0.0",  # noqa: S104 - inside the container
        "PORT": str(wanted.port),
        "ENVIRONMENT": "production",
        "GUNICORN_WORKERS": str(wanted.workers),
        "DB_POOL_SIZE": str(POOL),
        "DB_MAX_OVERFLOW": str(OVERFLOW),
        "CACHE_TYPE": "redis",
        "PLATFORM_ADMIN_EMAIL": args.admin_email,
        # Its password is generated and stays in the keyring: nobody is there to change it.
        "ADMIN_REQUIRE_PASSWORD_CHANGE_ON_BOOTSTRAP": "false",
        "PASSWORD_MAX_AGE_DAYS": "36500",
        # There is no mail server to send the link.
        "PASSWORD_RESET_ENABLED": "false",
        "TOOL_TIMEOUT": str(wanted.tool_timeout_s),
        "AUDIT_TRAIL_ENABLED": "true",
        "SECURITY_LOGGING_ENABLED": "true",
        "SECURITY_LOGGING_LEVEL": "failures_only",
        "LOG_LEVEL": "INFO",
        "MCPGATEWAY_UI_ENABLED": str(wanted.admin_ui).lower(),
        "MCPGATEWAY_ADMIN_API_ENABLED": str(wanted.admin_ui).lower(),
        # Ways in and out that no agent here needs.
        "MCPGATEWAY_A2A_ENABLED": "false",
        "MCPGATEWAY_CATALOG_ENABLED": "false",
        "LLMCHAT_ENABLED": "false",
    }


def _door(args: McpArgs) -> dict[str, Input[str]]:
    """Who may come in, how often, and where the gateway itself may go."""
    url = args.address.url if args.address else f"http://mcp:{args.wanted.port}"
    return {
        # The key that signs tokens is every environment's: by these a token of one is none of another's.
        "JWT_ISSUER": args.environment,
        "JWT_AUDIENCE": f"{args.environment}-tools",
        "AUTH_REQUIRED": "true",
        "MCP_REQUIRE_AUTH": "true",
        "MCP_CLIENT_AUTH_ENABLED": "true",
        # A token that is well signed is not enough.
        "REQUIRE_USER_IN_DB": "true",
        "APP_DOMAIN": url,
        "ALLOWED_ORIGINS": json.dumps([url]),
        "SECURE_COOKIES": str(url.startswith("https://")).lower(),
        # The tier of /mcp, /servers and /tools. TOOL_RATE_LIMIT and TOOL_CONCURRENT_LIMIT are only shown, never asked.
        "RATE_LIMIT_MEDIUM_RPM": str(args.wanted.requests_per_minute),
        # All bots come from one address: who locks it out shuts the door for every tenant.
        "RATE_LIMIT_LOCKOUT_ENABLED": "false",
        # It shuns private addresses, but for the network in which its neighbours answer.
        # It leads nobody to another gateway: an empty list is "all" to one part of it and "none" to another
        # (mcpgateway/main.py:1818, config.py:768), and no name ends in this one (RFC 2606).
        "UAID_ALLOWED_DOMAINS": json.dumps(["gateways.invalid"]),
        "UAID_ALLOW_ALL_DOMAINS": "false",
        "UAID_FORWARD_AUTH": "false",
        "SSRF_ALLOWED_NETWORKS": json.dumps(list(args.wires.private_networks)),
    }


def _database_url(database: Database) -> Output[str]:
    return secret(
        Output.concat(
            "postgresql+psycopg://",
            database.user,
            ":",
            database.password,
            "@",
            database.host,
            f":{database.port}/",
            database.database_name,
            VERIFIED if database.tls else "",
        )
    )


def declare(ctx: ServiceContext, wanted: McpSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    address = ctx.settings.address("mcp") if wanted.hostname else None
    Mcp(
        "mcp",
        McpArgs(
            placement=ctx.placement(wanted.placement),
            image=parsed_image(wanted.image) if wanted.image else ctx.settings.image("mcp"),
            database=ctx.database("mcp", wanted.database),
            redis=ctx.redis_login("mcp", wanted.placement),
            address=address,
            wanted=wanted,
            environment=f"{ctx.settings.names.container('mcp')}.{ctx.settings.domain}",
            admin_email=ctx.settings.operators.email,
            admin_password=ctx.secret("mcp_admin_password"),
            jwt_secret=ctx.secret("mcp_jwt_secret"),
            encryption_secret=ctx.secret("mcp_encryption_secret"),
            wires=ctx.wires("mcp"),
            accounts=ctx.accounts("mcp"),
        ),
        ctx.inside(wanted.placement),
    )
    return ServiceOutputs(url=Output.from_input(address.url) if address else None)
