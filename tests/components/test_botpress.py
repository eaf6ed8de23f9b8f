"""Botpress: none, version 12 on the host with what its licence allows, or its vendor's cloud."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any

import pulumi
import pytest

from components.services.botpress import SOURCES
from settings import expected_secrets
from settings.reading import read_settings
from settings.services.botpress import BotpressV12
from tests.components.declared import Declared, Hidden, config_of, declare, platform, resolved, smarteros

# Any of the services, and no account that names one which is not there.
ALONE: dict[str, Any] = {"profile": "custom", "ai": {}}
CLOUD = {"kind": "cloud", "workspaceId": "wkspace_01EXAMPLE", "bots": {"triage": "0f5e1c1e-example"}}
PRO = {**config_of("prod")["services"]["botpress"], "licence": "pro"}


def services(botpress: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """The services of prod, with another Botpress, or something of it changed."""
    found: dict[str, Any] = deepcopy(config_of("prod")["services"])
    found["botpress"] = {**(botpress if botpress is not None else found["botpress"]), **changed}
    return found


@cache
def prod() -> tuple[Declared, ...]:
    """What prod declares."""
    return tuple(platform())


@cache
def pro() -> tuple[Declared, ...]:
    """What prod declares with a licence of Pro."""
    return tuple(platform(**ALONE, services=services(PRO)))


def named(name: str, declared: tuple[Declared, ...] | None = None) -> Declared:
    """The one resource of that name."""
    (found,) = [one for one in declared or prod() if one.name == name and one.custom]
    return found


def environment(declared: tuple[Declared, ...] | None = None) -> dict[str, str]:
    """What Botpress' process is told."""
    container = named("botpress-container", declared)
    return dict(str(one).split("=", 1) for one in resolved(container.inputs)["envs"])


def refusals(botpress: Any) -> str:
    """What the settings say of such a Botpress."""
    found: dict[str, Any] = deepcopy(config_of("prod") | ALONE)
    found["services"]["botpress"] = botpress
    _, problems = read_settings("prod", found, "Pulumi.prod.yaml")
    return "\n".join(map(str, problems))


def announced_by_the_platform(botpress: dict[str, Any] | None = None) -> dict[str, Any]:
    """The output `platform`."""
    reported: list[dict[str, Any]] = []

    def build(settings: Any) -> None:
        smarteros(settings).platform.apply(reported.append)

    declare(build, **ALONE, services=services(botpress))
    return reported[0]


def test_it_runs_for_production_with_everything_in_its_database() -> None:
    """Bots and configuration, too: the container can be made anew."""
    env = environment()
    assert env["DATABASE_URL"].startswith("postgres://botpress:")
    assert env["DATABASE_URL"].endswith("@smarteros-prod-postgres-vps:5432/botpress")
    assert (env["BPFS_STORAGE"], env["BP_PRODUCTION"], env["AUTO_MIGRATE"]) == ("database", "true", "true")
    assert env["EXTERNAL_URL"] == "https://botpress.smarterbot.cl"


def test_its_name_leads_to_it() -> None:
    """To the port that its image exposes."""
    labels = {one["label"]: one["value"] for one in resolved(named("botpress-container").inputs)["labels"]}
    assert labels["traefik.http.routers.botpress.rule"] == "Host(`botpress.smarterbot.cl`)"
    assert labels["traefik.http.services.botpress.loadbalancer.server.port"] == "3000"
    tests = resolved(named("botpress-container").inputs)["healthcheck"]["tests"]
    assert "http://127.0.0.1:3000/status" in tests[-1]


def test_without_a_licence_it_is_told_of_no_redis() -> None:
    """It would end itself: a cluster is for Pro."""
    env = environment()
    assert env["BP_CONFIG_PRO_ENABLED"] == "false"
    assert not {"REDIS_URL", "CLUSTER_ENABLED", "BP_REDIS_SCOPE", "BP_CONFIG_PRO_LICENSEKEY"} & env.keys()


def test_with_a_licence_it_has_its_user_of_redis() -> None:
    """And keeps to the names to which that user is held."""
    env = environment(pro())
    assert env["BP_CONFIG_PRO_ENABLED"] == env["CLUSTER_ENABLED"] == "true"
    assert env["REDIS_URL"].startswith("redis://botpress:")
    assert env["BP_REDIS_SCOPE"] == "botpress"
    hidden = {
        str(one.value).split("=")[0]
        for one in named("botpress-container", pro()).inputs["envs"]
        if isinstance(one, Hidden)
    }
    assert {"REDIS_URL", "BP_CONFIG_PRO_LICENSEKEY"} <= hidden


@pytest.mark.parametrize(
    ("botpress", "names"),
    [
        (None, {"botpress_app_secret", "botpress_admin_password"}),
        (PRO, {"botpress_app_secret", "botpress_admin_password", "botpress_licence_key"}),
        (CLOUD, {"botpress_token"}),
        ({"kind": "none"}, set()),
    ],
)
def test_it_calls_for_the_secrets_of_its_kind(botpress: dict[str, Any] | None, names: set[str]) -> None:
    """And for no other."""
    values = config_of("prod") | ALONE | {"services": services(botpress)}
    settings, problems = read_settings("prod", values, "Pulumi.prod.yaml")
    assert settings is not None, problems
    assert {one.key for one in expected_secrets(settings) if one.key.startswith("botpress_")} == names


def test_its_secrets_are_secrets() -> None:
    """Those of its bots, too."""
    inputs = named("botpress-container").inputs
    hidden = dict(str(one.value).split("=", 1) for one in inputs["envs"] if isinstance(one, Hidden))
    assert {"DATABASE_URL", "BP_CONFIG_APPSECRET", "BP_ADMIN_PASSWORD"} <= hidden.keys()
    # It reads appSecret from its configuration alone: a variable APP_SECRET means nothing to it.
    assert "APP_SECRET" not in environment()


def test_bots_see_the_ends_of_their_calls_and_nothing_else() -> None:
    """Their sandbox shows EXPOSED_… of the environment: so no other secret of Botpress begins so. And the accounts that
    name Botpress, which are for them.
    """
    env = environment()
    exposed = {key for key in env if key.startswith("EXPOSED_")}
    assert {"EXPOSED_SMOS_SECURE_URL", "EXPOSED_SMOS_SECURE_IDENTITY", "EXPOSED_SMOS_SECURE_HMAC"} <= exposed
    assert all(key.startswith(("EXPOSED_SMOS_", "EXPOSED_OPENAI_")) for key in exposed)
    plain = {str(one).split("=")[0] for one in named("botpress-container").inputs["envs"] if isinstance(one, str)}
    assert not [key for key in plain if key.endswith(("_HMAC", "_API_KEY"))]


def test_who_talks_to_a_bot_past_the_web_chat_logs_in() -> None:
    """The converse API without a login answers whoever knows a bot's name."""
    env = environment()
    assert env["BP_CONFIG_CONVERSE_ENABLEUNSECUREDENDPOINT"] == "false"
    assert env["BP_CONFIG_HTTPSERVER_RATELIMIT_ENABLED"] == "true"


def test_a_message_may_be_as_long_as_whatsapps_and_a_tool_may_take_its_time() -> None:
    """Its own limits are 360 characters and 5 seconds."""
    env = environment()
    assert int(env["BP_CONFIG_CONVERSE_MAXMESSAGELENGTH"]) >= 4096
    assert int(env["BP_CONFIG_CONVERSE_TIMEOUT"].removesuffix("s")) >= 30


def test_it_believes_only_the_proxies_before_it() -> None:
    """With `true` everybody could say where he calls from, and evade its limit."""
    env = environment()["REVERSE_PROXY"]
    assert env.startswith("uniquelocal, 173.245.48.0/20")
    assert env != "true"


def test_its_pools_are_its_connections() -> None:
    """Three processes that take the pool's size, and one that does not."""
    pool = json.loads(environment()["DATABASE_POOL"])
    wanted = BotpressV12.model_validate(config_of("prod")["services"]["botpress"])
    assert wanted.connections() == 3 * pool["max"] + 10


def test_where_words_become_vectors_is_a_choice() -> None:
    """Its vendor's public server, when nothing is said."""
    assert "BP_MODULE_NLU_LANGUAGESOURCES" not in environment()
    env = environment(tuple(platform(**ALONE, services=services(languageServer="http://lang:3100"))))
    assert json.loads(env["BP_MODULE_NLU_LANGUAGESOURCES"]) == [{"endpoint": "http://lang:3100"}]


@pytest.mark.parametrize("botpress", [{"kind": "none"}, CLOUD])
def test_what_runs_elsewhere_or_nowhere_is_not_declared(botpress: dict[str, Any]) -> None:
    """No container, no database, no record."""
    declared = platform(**ALONE, services=services(botpress))
    assert not [one for one in declared if one.name == "botpress" or one.name.startswith("botpress-")]


def test_the_tenants_are_told_which_botpress_there_is() -> None:
    """Their bots are made there; no token is told."""
    assert announced_by_the_platform()["botpress"] == {"kind": "v12", "licence": "community"}
    cloud = announced_by_the_platform(CLOUD)["botpress"]
    assert cloud == {
        "kind": "cloud",
        "apiUrl": "https://api.botpress.cloud/v1",
        "workspaceId": "wkspace_01EXAMPLE",
        "bots": {"triage": "0f5e1c1e-example"},
    }
    assert announced_by_the_platform({"kind": "none"})["botpress"] is None


@pytest.mark.parametrize(("botpress", "warned"), [(None, True), (CLOUD, False), ({"kind": "none"}, False)])
def test_operators_are_told_each_time_that_v12_has_no_support(
    monkeypatch: pytest.MonkeyPatch, botpress: dict[str, Any] | None, warned: bool
) -> None:
    """One line, in every preview and every up."""
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda line, *_: lines.append(line))
    platform(**ALONE, services=services(botpress))
    assert any("no release since April 2025" in line for line in lines) is warned


@pytest.mark.parametrize(
    ("botpress", "where", "why", "mend"),
    [
        ({"kind": "v13"}, "services/botpress", "'v13' is no kind", "none, v12 or cloud"),
        ({}, "services/botpress", "does not say which", "none, v12 or cloud"),
        ({"hostname": "bot"}, "services/botpress", "does not say which", "none, v12 or cloud"),
        ({"kind": "none", "hostname": "bot"}, "services/botpress", "no further keys", "remove hostname"),
        ({"kind": "cloud"}, "services/botpress/workspaceId", "missing", "The workspace"),
        ({**CLOUD, "hostname": "bot"}, "services/botpress/hostname", "not known", "bots, kind, workspaceId"),
        ({**PRO, "workspaceId": "w"}, "services/botpress/workspaceId", "not known", "licence"),
        ({**CLOUD, "workspaceId": "a b"}, "services/botpress/workspaceId", "not an id", "dashboard"),
        ({**CLOUD, "bots": {"Triage": "x" * 12}}, "services/botpress/bots", "lower-case", "vps"),
        ({**PRO, "licence": "gold"}, "services/botpress/licence", "not one of the choices", "community"),
        ({**PRO, "memoryMb": 1024}, "services/botpress/memoryMb", "needs 2048 at least", "2048 or more"),
        ({**PRO, "cpu": 0.5}, "services/botpress/cpu", "needs 1 at least", "1 or more"),
        ({**PRO, "placement": {"where": "azure"}}, "services/botpress/placement/where", "choices", "docker"),
        ({**PRO, "languageServer": "lang"}, "services/botpress/languageServer", "not an address", "http://"),
        ("v12", "services/botpress", "must be an object", "none, v12 or cloud"),
    ],
)
def test_what_it_can_not_be_told_is_refused(botpress: Any, where: str, why: str, mend: str) -> None:
    """With its place, why, and the mend."""
    given = [line for line in refusals(botpress).splitlines() if f"smarteros:{where}" in line]
    assert any(why in line and mend in line.split("Fix: ")[1] for line in given), refusals(botpress)


def test_with_a_licence_it_needs_a_redis_on_its_host() -> None:
    """Without one it needs none."""
    for botpress, needs in ((PRO, True), (config_of("prod")["services"]["botpress"], False)):
        without = {key: value for key, value in services(botpress).items() if key not in ("redis", "mcp", "chatwoot")}
        _, problems = read_settings("prod", config_of("prod") | ALONE | {"services": without}, "Pulumi.prod.yaml")
        given = [one for one in problems if "services/botpress" in str(one) and "needs Redis" in str(one)]
        assert bool(given) is needs


def test_every_variable_has_its_source() -> None:
    """docs/services.md is made of them."""
    language = tuple(platform(**ALONE, services=services(PRO, languageServer="http://lang:3100")))
    env = environment() | environment(language)
    for key in env:
        assert any(key == one or (one.endswith("*") and key.startswith(one[:-1])) for one in SOURCES), key
    for one in SOURCES:
        said = [key for key in env if key == one or (one.endswith("*") and key.startswith(one[:-1]))]
        assert said or one in ("port", "user", "volumes", "health"), f"{one} is told nowhere"
