"""What the vendors' programs would say at their start of the environment that they are given: nothing is deprecated,
and no default that changes is left unsaid.

The tables are the vendors' own conditions, from their source; docs/services.md has the environment.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from components.services.traefik import ENCODED
from tests.components.declared import platform, resolved
from tests.components.test_n8n import QUEUE, processes

Env = dict[str, str]


def unset(name: str) -> Callable[[Env], bool]:
    """It warns when nobody has said it."""
    return lambda given: name not in given


def there(name: str) -> Callable[[Env], bool]:
    """It warns when it is there at all."""
    return lambda given: name in given


# n8n-io/n8n packages/cli/src/deprecation/deprecation.service.ts: each entry of `deprecations`, and when it warns.
N8N: dict[str, Callable[[Env], bool]] = {
    **{
        name: there(name)
        for name in (
            "N8N_BINARY_DATA_STORAGE_PATH",
            "N8N_BINARY_DATA_TTL",
            "N8N_PERSISTED_BINARY_DATA_TTL",
            "EXECUTIONS_DATA_PRUNE_TIMEOUT",
            "N8N_AVAILABLE_BINARY_DATA_MODES",
            "N8N_CONFIG_FILES",
            "N8N_RUNNERS_ENABLED",
            "N8N_SKIP_WEBHOOK_DEREGISTRATION_SHUTDOWN",
            "N8N_EXPRESSION_EVALUATOR",
            "N8N_EXPRESSION_REPORT_DIFFERENCE",
            "WEBHOOK_URL",
            "EXECUTIONS_PROCESS",
        )
    },
    **{
        name: unset(name)
        for name in (
            "N8N_UNVERIFIED_PACKAGES_ENABLED",
            "N8N_RUNNERS_TASK_TIMEOUT",
            "N8N_COMPRESSION_NODE_MAX_DECOMPRESSED_SIZE_BYTES",
            "N8N_COMPRESSION_NODE_MAX_ZIP_ENTRIES",
        )
    },
    "OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS": lambda given: (
        given.get("EXECUTIONS_MODE") == "queue" and given.get("OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS") != "true"
    ),
    "N8N_EXPRESSION_ENGINE": lambda given: given.get("N8N_EXPRESSION_ENGINE") == "legacy",
    "N8N_DEFAULT_BINARY_DATA_MODE": lambda given: given.get("N8N_DEFAULT_BINARY_DATA_MODE") == "default",
    "N8N_PATH": lambda given: given.get("N8N_PATH", "/") != "/",
}

# IBM/mcp-context-forge v1.0.8 mcpgateway/main.py:2148-2170, 1804, and config.py get_security_warnings.
MCP: dict[str, Callable[[Env], bool]] = {
    "JWT_ISSUER": lambda given: given.get("JWT_ISSUER", "mcpgateway") == "mcpgateway",
    "JWT_AUDIENCE": lambda given: given.get("JWT_AUDIENCE", "mcpgateway-api") == "mcpgateway-api",
    "UAID_ALLOWED_DOMAINS": lambda given: given.get("UAID_ALLOWED_DOMAINS", "[]") == "[]",
    "UAID_ALLOW_ALL_DOMAINS": lambda given: given.get("UAID_ALLOW_ALL_DOMAINS", "false") != "false",
    "AUTH_REQUIRED": lambda given: given.get("AUTH_REQUIRED") != "true",
    "MCP_REQUIRE_AUTH": lambda given: given.get("MCP_REQUIRE_AUTH") != "true",
    "REQUIRE_USER_IN_DB": lambda given: given.get("REQUIRE_USER_IN_DB") != "true",
    "SKIP_SSL_VERIFY": lambda given: given.get("SKIP_SSL_VERIFY", "false") != "false",
    "DEBUG": lambda given: given.get("DEBUG", "false") != "false",
    "ALLOWED_ORIGINS": lambda given: "*" in given.get("ALLOWED_ORIGINS", "*"),
    "DATABASE_URL": lambda given: given.get("DATABASE_URL", "sqlite").startswith("sqlite"),
}


@cache
def environment_of(stack: str, service: str) -> Env:
    """The environment of a container on a host."""
    (found,) = [one for one in platform(stack) if one.name == f"{service}-container"]
    return dict(str(one).split("=", 1) for one in resolved(found.inputs)["envs"])


@pytest.mark.parametrize("where", sorted(QUEUE))
def test_n8n_has_nothing_to_say_of_its_environment(where: str) -> None:
    """As one process and as a queue, in both places."""
    for name, environment in processes(where).items():
        if not name.endswith("-runner"):
            assert [variable for variable, warns in N8N.items() if warns(environment)] == [], name


def test_n8ns_measures_are_not_for_everybody() -> None:
    """They would be on n8n's own port, which has a public name; and nothing here reads them."""
    assert environment_of("backup", "n8n")["N8N_METRICS"] == "false"


def test_n8n_asks_nobody_at_its_start() -> None:
    """Neither its vendor's measures nor its list of MCP servers."""
    environment = environment_of("backup", "n8n")
    assert environment["N8N_DIAGNOSTICS_ENABLED"] == "false"
    assert environment["N8N_DISABLED_MODULES"].split(",") == ["mcp-registry"]


@pytest.mark.parametrize("stack", ["prod", "local"])
def test_the_gateway_has_nothing_to_say_of_its_environment(stack: str) -> None:
    """Of tokens, origins, other gateways."""
    environment = environment_of(stack, "mcp")
    assert [variable for variable, warns in MCP.items() if warns(environment)] == []


def test_a_token_of_one_environment_is_none_of_anothers() -> None:
    """The key that signs is the same for all: who issued a token, and for whom, is not."""
    for key in ("JWT_ISSUER", "JWT_AUDIENCE"):
        assert len({environment_of(stack, "mcp")[key] for stack in ("prod", "local")}) == 2
    assert environment_of("prod", "mcp")["JWT_ISSUER"] != environment_of("prod", "mcp")["JWT_AUDIENCE"]


def flags(stack: str) -> Env:
    """What Traefik is started with."""
    (found,) = [one for one in platform(stack) if one.name == "traefik-container"]
    words = [str(word).removeprefix("--").partition("=") for word in resolved(found.inputs)["command"]]
    return {key: value for key, _, value in words}


@pytest.mark.parametrize("stack", ["prod", "backup", "local"])
def test_each_entry_point_says_how_long_and_what(stack: str) -> None:
    """An upload has minutes; what is answered is answered before Docker kills it; each encoded character is decided."""
    found = flags(stack)
    for name in sorted({key.split(".")[1] for key in found if key.startswith("entrypoints.")}):
        transport = f"entrypoints.{name}.transport"
        assert int(found[f"{transport}.respondingtimeouts.readtimeout"].removesuffix("s")) >= 300
        assert {f"{transport}.respondingtimeouts.{one}timeout" for one in ("write", "idle")} <= found.keys()
        (container,) = [one for one in platform(stack) if one.name == "traefik-container"]
        grace = int(found[f"{transport}.lifecycle.gracetimeout"].removesuffix("s"))
        assert grace < resolved(container.inputs)["stopTimeout"]
        decided = {
            key.rsplit(".", 1)[1] for key in found if key.startswith(f"entrypoints.{name}.http.encodedcharacters")
        }
        # traefik/traefik pkg/config/static/entrypoints.go:97-103: all seven of them.
        assert decided == {f"allowencoded{what}" for what in ENCODED}
        assert len(decided) == 7
