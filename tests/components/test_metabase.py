"""Metabase: its own database, a heap inside its limit, its keys kept secret, an administrator before it is reached."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from components.services.metabase import SOURCES, heap_mb, setup_script
from settings.reading import read_settings
from settings.services.metabase import Metabase
from tests.components.declared import Declared, Hidden, config_of, platform, resolved

AZURE = {"placement": {"where": "azure"}, "database": "azure"}


def services(**changed: Any) -> dict[str, Any]:
    """The services of prod, with something of Metabase changed."""
    found: dict[str, Any] = deepcopy(config_of("prod")["services"])
    found["metabase"] |= changed
    return found


@cache
def prod() -> tuple[Declared, ...]:
    """What prod declares."""
    return tuple(platform())


def named(name: str, declared: tuple[Declared, ...] | None = None) -> Declared:
    """The one resource of that name."""
    (found,) = [one for one in declared or prod() if one.name == name and one.custom]
    return found


def environment(container: Declared) -> dict[str, str]:
    """What a container's process is told."""
    return dict(str(one).split("=", 1) for one in resolved(container.inputs)["envs"])


@pytest.mark.parametrize("memory_mb", [2048, 2560, 3072, 4096, 6144, 8192, 16384])
def test_the_heap_leaves_room_inside_the_limit(memory_mb: int) -> None:
    """Beside the heap there is at least 1 GB and at least a quarter, as the vendor's examples have it."""
    beside = memory_mb - heap_mb(memory_mb)
    assert beside >= 1024
    assert beside >= memory_mb // 4
    assert heap_mb(memory_mb) >= 1024


def test_the_heap_is_the_vendors_in_the_vendors_examples() -> None:
    """1g of 2 GB, 6g of 8 GB."""
    assert [heap_mb(2048), heap_mb(8192)] == [1024, 6144]


@pytest.mark.parametrize("memory_mb", [2048, 4096])
def test_java_is_told_the_heap_of_its_own_limit(memory_mb: int) -> None:
    """Another limit is another heap."""
    declared = tuple(platform(services=services(memoryMb=memory_mb)))
    container = named("metabase-container", declared)
    assert container.inputs["memory"] == memory_mb
    assert environment(container)["JAVA_OPTS"] == f"-Xmx{heap_mb(memory_mb)}m"


def test_it_has_a_database_of_its_own() -> None:
    """Called as it is, with its own role, and without a word of TLS where the server speaks none."""
    env = environment(named("metabase-container"))
    assert env["MB_DB_CONNECTION_URI"] == "jdbc:postgresql://smarteros-prod-postgres-vps:5432/metabase"
    assert env["MB_DB_USER"] == "metabase"
    assert env["MB_DB_PASS_FILE"] == "/run/secrets/metabase-database-password"


def test_on_azure_it_verifies_the_servers_certificate() -> None:
    """Encryption alone would be anybody's: the name and who vouches for it are looked at."""
    app = named("metabase-app", tuple(platform(services=services(**AZURE))))
    (container,) = resolved(app.inputs)["template"]["containers"]
    env = {one["name"]: one.get("value") for one in container["env"]}
    assert re.fullmatch(
        r"jdbc:postgresql://[a-z0-9-]+\.postgres\.database\.azure\.com:5432/metabase"
        r"\?sslmode=verify-full&sslfactory=org\.postgresql\.ssl\.DefaultJavaSSLFactory",
        env["MB_DB_CONNECTION_URI"],
    )


def test_it_keeps_to_itself() -> None:
    """No sample, no tracking, no look for updates, no letters to users, no public links."""
    env = environment(named("metabase-container"))
    off = ["MB_LOAD_SAMPLE_CONTENT", "MB_ANON_TRACKING_ENABLED", "MB_CHECK_FOR_UPDATES", "MB_ENABLE_PUBLIC_SHARING"]
    assert {env[key] for key in off} == {"false"}
    assert env["MB_NO_SURVEYS"] == "true"
    assert env["MB_SITE_URL"] == "https://metabase.smarterbot.cl"
    assert env["MB_ADMIN_EMAIL"] == "dev@smarterbot.cl"


@pytest.mark.parametrize("name", ["metabase-container", "metabase-prepare"])
def test_its_keys_are_secrets(name: str) -> None:
    """What encrypts and what signs is never in plain, and the same in the container that prepares."""
    hidden = [str(one.value) for one in named(name).inputs["envs"] if isinstance(one, Hidden)]
    assert {one.split("=", 1)[0] for one in hidden} == {"MB_ENCRYPTION_SECRET_KEY", "MB_EMBEDDING_SECRET_KEY"}
    values = dict(one.split("=", 1) for one in hidden)
    assert values["MB_ENCRYPTION_SECRET_KEY"].endswith("SharedMetabaseencryptionkey")
    assert re.fullmatch("[0-9a-f]{64}", values["MB_EMBEDDING_SECRET_KEY"])


def test_the_request_for_the_administrator_is_a_secret_file() -> None:
    """Who it is comes from the settings, the password from the keyring; the token is filled in where it is made."""
    loader = named("metabase-secrets-loader")
    assert all(isinstance(one["content"], Hidden) for one in loader.inputs["uploads"])
    files = {Path(one["file"]).name: one["content"] for one in resolved(loader.inputs)["uploads"]}
    request = json.loads(files["metabase-setup.json"])
    assert request["user"]["email"] == "dev@smarterbot.cl"
    assert request["user"]["password"].endswith("SharedMetabaseadminpassword")
    assert request["token"] == "SETUP_TOKEN"
    assert request["prefs"] == {"site_name": "smarteros", "site_locale": "es"}


def test_nobody_reaches_it_before_it_has_its_administrator() -> None:
    """The preparation is a container without a route, and the one that is routed to comes after it."""
    prepare, container = named("metabase-prepare"), named("metabase-container")
    assert prepare.urn in container.dependencies
    assert not [one for one in resolved(prepare.inputs)["labels"] if one["label"].startswith("traefik.")]
    assert prepare.inputs["entrypoints"] == ["/bin/bash", "-c", setup_script()]


def test_its_pools_are_its_connections() -> None:
    """What the capacity model counts is what Metabase is told."""
    env = environment(named("metabase-container"))
    pools = [int(value) for key, value in env.items() if key.endswith("_MAX_CONNECTION_POOL_SIZE")]
    metabase = Metabase.model_validate(config_of("prod")["services"]["metabase"])
    assert metabase.connections() == sum(pools) == 20


def test_it_runs_as_no_root_and_says_why_its_root_is_writable() -> None:
    """The user that the image's own script would change to."""
    inputs = resolved(named("metabase-container").inputs)
    assert inputs["user"] == "2000:2000"
    labels = {one["label"]: one["value"] for one in inputs["labels"]}
    assert "/plugins" in labels["smarteros.writable-root"]


def test_every_variable_has_its_source() -> None:
    """By its name, or by the beginning of it."""
    for name in environment(named("metabase-container")):
        assert any(name == key or (key.endswith("*") and name.startswith(key[:-1])) for key in SOURCES), name
    assert {"port", "volumes", "health"} <= SOURCES.keys()


@pytest.mark.parametrize(
    ("changed", "path", "why"),
    [
        (
            {"memoryMb": 1024},
            "smarteros:services/metabase/memoryMb",
            "gets 1024 MB, and needs 2048 at least: https://www.metabase.com",
        ),
        (
            {"placement": {"where": "azure"}, "database": "azure", "memoryMb": 4096},
            "smarteros:services/metabase",
            "GiB|MB",
        ),
        ({"database": "azur"}, "smarteros:services/metabase/database", "no database server"),
        ({"hostname": "n8n"}, "smarteros:services/metabase/hostname", "has this name already"),
        ({"locale": "spanish"}, "smarteros:services/metabase/locale", ""),
    ],
)
def test_what_can_not_run_is_refused(changed: dict[str, Any], path: str, why: str) -> None:
    """With the path, the reason and the mend."""
    settings, problems = read_settings(
        "prod", config_of("prod") | {"services": services(**changed)}, "Pulumi.prod.yaml"
    )
    assert settings is None
    found = [one for one in problems if one.path == path]
    assert found, [str(one) for one in problems]
    assert re.search(why, found[0].why)
    assert found[0].mend or not why
