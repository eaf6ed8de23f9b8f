"""The MCP gateway: one door, shut to whoever has no token, with its limits, its audit and its own database."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from components.services.mcp import SOURCES
from settings.default_images import every_default_image
from settings.reading import read_settings
from settings.services.mcp import Mcp
from tests.components.declared import Declared, Hidden, config_of, platform, resolved


def services(**changed: Any) -> dict[str, Any]:
    """The services of prod, with something of the gateway changed; `None` leaves a key out."""
    found: dict[str, Any] = deepcopy(config_of("prod")["services"])
    found["mcp"] |= changed
    found["mcp"] = {key: value for key, value in found["mcp"].items() if value is not None}
    return found


@cache
def prod() -> tuple[Declared, ...]:
    """What prod declares."""
    return tuple(platform())


def named(name: str, declared: tuple[Declared, ...] | None = None) -> Declared:
    """The one resource of that name."""
    (found,) = [one for one in declared or prod() if one.name == name and one.custom]
    return found


def environment(declared: tuple[Declared, ...] | None = None) -> dict[str, str]:
    """What the gateway's process is told."""
    container = named("mcp-container", declared)
    return dict(str(one).split("=", 1) for one in resolved(container.inputs)["envs"])


def labels(declared: tuple[Declared, ...] | None = None) -> dict[str, str]:
    """What the reverse proxy is told."""
    return {one["label"]: one["value"] for one in resolved(named("mcp-container", declared).inputs)["labels"]}


def refusals(**changed: Any) -> str:
    """What the settings say of a gateway that is told otherwise."""
    _, problems = read_settings(
        "prod", config_of("prod") | {"profile": "custom", "ai": {}, "services": services(**changed)}, "Pulumi.prod.yaml"
    )
    return "\n".join(map(str, problems))


def test_nobody_comes_in_without_a_token_of_somebody_known() -> None:
    """For the API and for MCP; and a well-signed token of nobody is refused, too."""
    env = environment()
    asked = ("AUTH_REQUIRED", "MCP_REQUIRE_AUTH", "MCP_CLIENT_AUTH_ENABLED", "REQUIRE_USER_IN_DB")
    assert {env[key] for key in asked} == {"true"}
    assert "API_ALLOW_BASIC_AUTH" not in env


def test_its_pages_are_shut_unless_they_are_asked_for() -> None:
    """Pages and their API together."""
    keys = ("MCPGATEWAY_UI_ENABLED", "MCPGATEWAY_ADMIN_API_ENABLED")
    assert [environment()[key] for key in keys] == ["false", "false"]
    opened = tuple(platform(services=services(adminUi=True)))
    assert [environment(opened)[key] for key in keys] == ["true", "true"]


def test_what_it_does_is_kept() -> None:
    """Who did what, and who failed to come in."""
    env = environment()
    assert (env["AUDIT_TRAIL_ENABLED"], env["SECURITY_LOGGING_ENABLED"]) == ("true", "true")


def test_its_limits_are_those_that_the_vendor_asks() -> None:
    """TOOL_RATE_LIMIT is shown by ContextForge and asked nowhere: it would be a limit on paper."""
    env = environment(tuple(platform(services=services(requestsPerMinute=90, toolTimeoutS=20))))
    assert (env["RATE_LIMIT_MEDIUM_RPM"], env["TOOL_TIMEOUT"]) == ("90", "20")
    assert not [key for key in env if key.startswith("TOOL_") and key != "TOOL_TIMEOUT"]


def test_its_secrets_are_secrets_and_the_same_after_a_rebuild() -> None:
    """Two keys of their own, of the length and the randomness that it demands; addresses with passwords are hidden."""
    hidden = dict(
        str(one.value).split("=", 1) for one in named("mcp-container").inputs["envs"] if isinstance(one, Hidden)
    )
    keys = {"JWT_SECRET_KEY", "AUTH_ENCRYPTION_SECRET", "PLATFORM_ADMIN_PASSWORD", "DATABASE_URL", "REDIS_URL"}
    assert hidden.keys() == keys
    assert hidden["JWT_SECRET_KEY"] != hidden["AUTH_ENCRYPTION_SECRET"]
    assert {len(hidden[key]) for key in ("JWT_SECRET_KEY", "AUTH_ENCRYPTION_SECRET")} == {64}
    assert {secret.scope for secret in Mcp.secrets} == {"shared"}


def test_it_has_a_database_and_a_user_of_redis_of_its_own() -> None:
    """SQLAlchemy's form with psycopg; the user that the ACL of Redis knows."""
    env = environment()
    assert env["DATABASE_URL"].startswith("postgresql+psycopg://mcp:")
    assert env["DATABASE_URL"].endswith("@smarteros-prod-postgres-vps:5432/mcp")
    assert env["REDIS_URL"].startswith("redis://mcp:")
    assert env["CACHE_TYPE"] == "redis"
    # Its user of Redis is held to the keys that begin as its vendor's do.
    assert "CACHE_PREFIX" not in env


def test_on_a_server_that_speaks_tls_it_looks_at_the_certificate() -> None:
    """Encryption alone would be anybody's."""
    env = environment(tuple(platform(services=services(database="azure"))))
    assert "azure.com:5432/mcp?sslmode=verify-full&sslrootcert=/" in env["DATABASE_URL"]


def test_its_pools_are_its_connections() -> None:
    """What the capacity model counts is what the gateway is told, for every worker."""
    env = environment(tuple(platform(services=services(workers=3))))
    pool = int(env["DB_POOL_SIZE"]) + int(env["DB_MAX_OVERFLOW"])
    wanted = Mcp.model_validate(config_of("prod")["services"]["mcp"] | {"workers": 3})
    assert env["GUNICORN_WORKERS"] == "3"
    assert 3 * pool <= wanted.connections() <= 3 * pool + 2


def test_nothing_of_it_can_be_written_but_its_scratch() -> None:
    """As in its vendor's chart: a user of its own, a root that is read only, /tmp."""
    inputs = resolved(named("mcp-container").inputs)
    assert (inputs["user"], inputs["readOnly"]) == ("10001:10001", True)
    assert list(inputs["tmpfs"]) == ["/tmp"]  # noqa: S108 - inside the container
    tests = inputs["healthcheck"]["tests"]
    assert tests[:2] == ["CMD", "python3"]
    assert "http://127.0.0.1:4444/ready" in tests[-1]


def test_it_shuns_private_addresses_but_for_its_neighbours() -> None:
    """With n8n in Azure it calls nothing that is private; on the same host, its network alone."""
    assert json.loads(environment()["SSRF_ALLOWED_NETWORKS"]) == []
    beside = services()
    beside["n8n"] |= {"placement": {"where": "docker", "host": "vps"}, "database": "vps"}
    env = environment(tuple(platform(services=beside)))
    assert json.loads(env["SSRF_ALLOWED_NETWORKS"]) == ["172.30.0.0/24"]
    assert "SSRF_ALLOW_PRIVATE_NETWORKS" not in env


def test_its_name_leads_to_it() -> None:
    """And its cookies are for TLS alone."""
    assert labels()["traefik.http.routers.mcp.rule"] == "Host(`mcp.smarterbot.cl`)"
    assert labels()["traefik.http.services.mcp.loadbalancer.server.port"] == "4444"
    env = environment()
    assert (env["APP_DOMAIN"], env["SECURE_COOKIES"]) == ("https://mcp.smarterbot.cl", "true")
    assert json.loads(env["ALLOWED_ORIGINS"]) == ["https://mcp.smarterbot.cl"]


def test_without_a_name_only_its_neighbours_reach_it() -> None:
    """No route, no record; on the host itself it is found as before."""
    declared = tuple(platform(services=services(hostname=None)))
    assert not [key for key in labels(declared) if key.startswith("traefik.")]
    assert environment(declared)["APP_DOMAIN"] == "http://mcp:4444"


def test_another_build_of_it_may_run() -> None:
    """The image is a setting; the vendor's own, at a version, when it is not said."""
    assert named("mcp-image").inputs["name"] == every_default_image()["mcp"].reference
    own = "registry.example.com/tools/mcp-context-forge:1.0.8-2@sha256:" + "0" * 64
    assert named("mcp-image", tuple(platform(services=services(image=own)))).inputs["name"] == own


@pytest.mark.parametrize(
    "image", ["mcp-context-forge", "mcp:latest", "mcp:stable", "mcp:v1 ", "Mcp:v1", "a:1@sha256:0"]
)
def test_an_image_without_a_version_is_refused(image: str) -> None:
    """What runs tomorrow is what runs today."""
    given = refusals(image=image)
    assert "services/mcp/image" in given
    assert "Fix: name:tag" in given


@pytest.mark.parametrize(
    ("changed", "where", "why"),
    [
        ({"memoryMb": 640}, "services/mcp/memoryMb", "needs 768 at least"),
        ({"cpu": 0.25}, "services/mcp/cpu", "needs 0.5 at least"),
        ({"workers": 0}, "services/mcp/workers", "greater than or equal to 1"),
        ({"requestsPerMinute": 0}, "services/mcp/requestsPerMinute", "greater than or equal to 10"),
        ({"placement": {"where": "azure"}}, "services/mcp/placement/where", "choices"),
        ({"hostname": "n8n"}, "services/mcp/hostname", "n8n has this name"),
        ({"database": "vsp"}, "services/mcp/database", "no database server"),
        ({"token": "x"}, "services/mcp/token", "not known"),
    ],
)
def test_what_it_can_not_be_told_is_refused(changed: dict[str, Any], where: str, why: str) -> None:
    """With its place, why, and a mend."""
    given = [line for line in refusals(**changed).splitlines() if where in line]
    assert any(why in line and "Fix: " in line for line in given), refusals(**changed)


def test_it_needs_a_redis_on_its_host() -> None:
    """Its sessions, its limits and its caches are shared by its workers there."""
    without = {key: value for key, value in services().items() if key != "redis"}
    _, problems = read_settings(
        "prod", config_of("prod") | {"profile": "custom", "ai": {}, "services": without}, "Pulumi.prod.yaml"
    )
    assert any("services/mcp/placement/host" in str(one) and "needs Redis" in str(one) for one in problems)


def test_every_variable_has_its_source() -> None:
    """docs/services.md is made of them."""
    env = environment()
    for key in env:
        assert any(key == one or (one.endswith("*") and key.startswith(one[:-1])) for one in SOURCES), key
    assert {"port", "user", "volumes", "health"} <= SOURCES.keys()
    for one in SOURCES:
        said = [key for key in env if key == one or (one.endswith("*") and key.startswith(one[:-1]))]
        assert said or one in ("port", "user", "volumes", "health"), f"{one} is told nowhere"
