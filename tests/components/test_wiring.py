"""The way of a message: every address leads to the service that answers there, and each secret is held by two."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from settings import expected_secrets
from settings.reading import read_settings
from settings.systems.smarteros import CALLS
from settings.wiring import HMAC_HEADER, IDENTITY_HEADER
from tests.components.declared import ROOT, Declared, Hidden, config_of, declare, platform, resolved, smarteros
from tests.components.message_flow import calls_made, flow_problems, processes

ON_HOST = {"where": "docker", "host": "vps"}
ALL = {call.name for call in CALLS}
CLOUD = {"kind": "cloud", "workspaceId": "wkspace_01EXAMPLE", "bots": {"triage": "0f5e1c1e-example"}}


def beside(**changed: Any) -> dict[str, Any]:
    """backup with all of prod's services on its one host, which is large enough for them."""
    values: dict[str, Any] = deepcopy(config_of("backup"))
    for key, service in deepcopy(config_of("prod")["services"]).items():
        values["services"].setdefault(key, service)
    for service in values["services"].values():
        service |= {"database": "vps"} if "database" in service else {}
    values["hosts"][0] |= {"cpus": 16, "memoryMb": 65536, "diskGb": 400}
    values["databaseServers"] = [deepcopy(config_of("prod")["databaseServers"][1])]
    return {**values, "profile": "custom", "ai": {}, **changed}


def own_machine() -> dict[str, Any]:
    """The developer's own machine, with all services of the flow."""
    values: dict[str, Any] = deepcopy(config_of("local"))
    here = {"where": "docker", "host": values["hosts"][0]["name"]}
    database = values["databaseServers"][0]["name"]
    for key in ("n8n", "chatwoot", "botpress", "mcp"):
        usual = {**config_of("prod")["services"][key], "placement": here, "database": database}
        values["services"].setdefault(key, usual)
    values["hosts"][0] |= {"cpus": 16, "memoryMb": 65536}
    values["ai"] = {}
    values["databaseServers"][0]["extensions"] = config_of("prod")["databaseServers"][1]["extensions"]
    return values


def prod_with(**services: Any) -> dict[str, Any]:
    """prod's services, some of them otherwise; `None` leaves one out."""
    found: dict[str, Any] = deepcopy(config_of("prod")["services"])
    for key, changed in services.items():
        found[key] = None if changed is None else {**found[key], **changed}
    return {
        "profile": "custom",
        "ai": {},
        "services": {key: value for key, value in found.items() if value is not None},
    }


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "prod: n8n in Azure, the rest on the host": ("prod", {}),
    "prod, n8n as a queue": ("prod", prod_with(n8n={"mode": {"kind": "queue", "redis": {}}})),
    "prod, n8n as a queue on the host": (
        "prod",
        prod_with(n8n={"placement": ON_HOST, "database": "vps", "mode": {"kind": "queue"}}),
    ),
    "prod, and n8n on the host, too": ("prod", prod_with(n8n={"placement": ON_HOST, "database": "vps"})),
    "backup, all on one host, on standby": ("backup", beside()),
    "backup after a fail-over": ("backup", beside(standby=False)),
    "a developer's own machine": ("local", own_machine()),
}


@cache
def graph(case: str) -> tuple[Declared, ...]:
    """What that environment declares."""
    stack, changed = CASES[case]
    return tuple(platform(stack, **changed))


@pytest.mark.parametrize("case", CASES)
def test_a_message_arrives_at_every_call(case: str) -> None:
    """Addresses, networks, names, ports and secrets, from the first call to the last."""
    assert calls_made(graph(case)) == ALL
    assert flow_problems(graph(case)) == []


def changed(declared: Sequence[Declared], name: str, change: Callable[[dict[str, Any]], None]) -> list[Declared]:
    """The same graph, but for one resource."""
    found = []
    for one in declared:
        if one.name == name and one.custom:
            inputs = resolved(deepcopy(one.inputs))
            change(inputs)
            found.append(replace(one, inputs=inputs))
        else:
            found.append(one)
    assert found != list(declared), name
    return found


def without(declared: Sequence[Declared], *names: str) -> list[Declared]:
    """The same graph without some resources."""
    assert set(names) <= {one.name for one in declared}
    return [one for one in declared if one.name not in names]


def handed_otherwise(variable: str, old: str, new: str) -> Callable[[dict[str, Any]], None]:
    """Another value of a variable."""

    def change(inputs: dict[str, Any]) -> None:
        inputs["envs"] = [one.replace(old, new) if one.startswith(f"{variable}=") else one for one in inputs["envs"]]

    return change


def in_another_network(inputs: dict[str, Any]) -> None:
    """Alone in one of its own."""
    inputs["networksAdvanced"] = [{**one, "name": "elsewhere"} for one in inputs["networksAdvanced"]]


def without_alias(inputs: dict[str, Any]) -> None:
    """Nobody's name for it is known."""
    inputs["networksAdvanced"] = [{**one, "aliases": []} for one in inputs["networksAdvanced"]]


def with_the_secret_of(call: str) -> Callable[[dict[str, Any]], None]:
    """Every call of it is signed with the secret of one."""

    def change(inputs: dict[str, Any]) -> None:
        (content,) = [one["content"] for one in inputs["uploads"] if one["file"].endswith(f"smos-{call}-hmac")]
        for one in inputs["uploads"]:
            one["content"] = content if one["file"].endswith("-hmac") else one["content"]

    return change


def labelled(end: str, value: str) -> Callable[[dict[str, Any]], None]:
    """Another value of the labels that end so."""

    def change(inputs: dict[str, Any]) -> None:
        inputs["labels"] = [{**one, "value": value} if one["label"].endswith(end) else one for one in inputs["labels"]]

    return change


INSIDE, OUTSIDE = "backup, all on one host, on standby", "prod: n8n in Azure, the rest on the host"

BROKEN: dict[str, tuple[str, Callable[[Sequence[Declared]], list[Declared]], str]] = {
    "inside: the port is wrong": (
        INSIDE,
        lambda all_: changed(all_, "botpress-container", handed_otherwise("EXPOSED_SMOS_SECURE_URL", "4444", "4445")),
        "secure: botpress-container calls http://mcp:4445/servers/{server}/mcp: mcp-container does not listen at 4445",
    ),
    "inside: nobody is called so": (
        INSIDE,
        lambda all_: changed(all_, "mcp-container", without_alias),
        "secure: botpress-container calls http://mcp:4444/servers/{server}/mcp: no container that botpress-container",
    ),
    "inside: it is in another network": (
        INSIDE,
        lambda all_: changed(all_, "mcp-container", in_another_network),
        "no container that botpress-container reaches is called mcp",
    ),
    "inside: it does not run": (
        INSIDE,
        lambda all_: without(all_, "mcp-container"),
        "no container that botpress-container reaches is called mcp",
    ),
    "inside: it was told to end": (
        INSIDE,
        lambda all_: changed(all_, "mcp-container", lambda inputs: inputs.update(mustRun=False)),
        "no container that botpress-container reaches is called mcp",
    ),
    "inside: the caller's guard lets it nowhere": (
        INSIDE,
        lambda all_: changed(all_, "mcp-container", handed_otherwise("SSRF_ALLOWED_NETWORKS", "172.31", "172.32")),
        "mcp-container is not allowed to call into smarteros-backup-edge",
    ),
    "inside: the callee sends it to TLS": (
        "a developer's own machine",
        lambda all_: changed(all_, "chatwoot-container", handed_otherwise("FORCE_SSL", "false", "true")),
        "chatwoot-container answers to TLS alone",
    ),
    "inside: the caller refuses all that is private": (
        "a developer's own machine",
        lambda all_: changed(
            all_, "chatwoot-container", handed_otherwise("SAFE_FETCH_ALLOW_PRIVATE_NETWORK", "true", "false")
        ),
        "chatwoot-container calls no private address",
    ),
    "the secret of another call": (
        INSIDE,
        lambda all_: changed(all_, "mcp-secrets-loader", with_the_secret_of("execute")),
        "secure: botpress-container and mcp-container hold different secrets",
    ),
    "the secret is in a volume that is not mounted": (
        INSIDE,
        lambda all_: changed(all_, "mcp-container", lambda inputs: inputs.update(volumes=[])),
        "secure: botpress-container and mcp-container hold different secrets",
    ),
    "the caller has no identity": (
        INSIDE,
        lambda all_: changed(all_, "mcp-container", handed_otherwise("SMOS_EXECUTE_IDENTITY", "mcp@", "n8n@")),
        "execute: mcp-container has no identity",
    ),
    "another service answers": (
        INSIDE,
        lambda all_: changed(all_, "mcp-container", handed_otherwise("SMOS_EXECUTE_URL", "n8n:5678", "botpress:3000")),
        "execute: mcp-container calls http://botpress:3000/webhook/mcp-execute, and botpress-container answers",
    ),
    "outside: no record leads to the host": (
        OUTSIDE,
        lambda all_: without(all_, "dns-any.smarterbot.cl"),
        "no record and no wildcard leads anywhere",
    ),
    "outside: the record leads elsewhere": (
        OUTSIDE,
        lambda all_: changed(all_, "dns-any.smarterbot.cl", lambda inputs: inputs.update(content="203.0.113.99")),
        "nothing on 203.0.113.99 publishes 443",
    ),
    "outside: the host publishes nothing": (
        OUTSIDE,
        lambda all_: without(all_, "traefik-container"),
        "nothing on 203.0.113.10 publishes 443",
    ),
    "outside: no route": (
        OUTSIDE,
        lambda all_: changed(all_, "botpress-container", labelled(".rule", "Host(`bot.smarterbot.cl`)")),
        "the reverse proxy has no route for botpress.smarterbot.cl",
    ),
    "outside: the route leads to another port": (
        OUTSIDE,
        lambda all_: changed(all_, "botpress-container", labelled(".server.port", "3010")),
        "the route leads to port 3010 of botpress-container, which does not listen there",
    ),
    "outside: the proxy does not reach it": (
        OUTSIDE,
        lambda all_: changed(all_, "botpress-container", in_another_network),
        "botpress-container is in no network that the reverse proxy reaches",
    ),
    "outside: it does not run": (
        OUTSIDE,
        lambda all_: without(all_, "botpress-container"),
        "the reverse proxy has no route for botpress.smarterbot.cl",
    ),
    "in Azure: another port": (
        OUTSIDE,
        lambda all_: changed(
            all_, "n8n-app", lambda inputs: inputs["configuration"]["ingress"].update(targetPort=5679)
        ),
        "n8n-app does not listen at 5679",
    ),
    "in Azure: the name is not bound": (
        OUTSIDE,
        lambda all_: changed(
            all_, "n8n-app", lambda inputs: inputs["configuration"]["ingress"].update(customDomains=[])
        ),
        "n8n-app does not answer to n8n.smarterbot.cl",
    ),
    "in Azure: it is not there": (OUTSIDE, lambda all_: without(all_, "n8n-app"), "no app is at ca-n8n-prod."),
    "in Azure: the secret of another call": (
        OUTSIDE,
        lambda all_: changed(
            all_,
            "n8n-secret-file-smos-execute-hmac",
            lambda inputs: inputs["properties"].update(value="of another call"),
        ),
        "execute: mcp-container and n8n-app hold different secrets",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_broken_is_found(how: str) -> None:
    """The walk itself: each way in which a message could be stopped is one that it tells."""
    case, breaking, given = BROKEN[how]
    assert any(given in one for one in flow_problems(breaking(graph(case)))), flow_problems(breaking(graph(case)))


@pytest.mark.parametrize("case", ["prod, n8n as a queue", "prod, n8n as a queue on the host"])
def test_whoever_runs_the_code_of_workflows_holds_no_secret(case: str) -> None:
    """The runners beside n8n and its workers: what they run is written by whoever may edit a workflow."""
    runners = [one for one in processes(graph(case)) if "runner" in one.name]
    assert runners
    held = [one.value_of(f"SMOS_{call.name.upper()}_HMAC") for one in processes(graph(case)) for call in CALLS]
    assert not [one.name for one in runners for secret in held if secret and one.holds(secret)]


def test_a_third_who_holds_a_secret_is_found() -> None:
    """A signature that a third can make says nothing."""
    (botpress,) = [one for one in processes(graph(INSIDE)) if one.name == "botpress-container"]
    secret = botpress.value_of("SMOS_SECURE_HMAC")
    leaked = changed(graph(INSIDE), "redis-container", lambda inputs: inputs.update(envs=[f"X={secret}"]))
    assert flow_problems(leaked) == ["secure: redis-container holds its secret, too"]


def test_each_call_has_a_secret_of_its_own_in_the_keyring() -> None:
    """One entry a call that there is, and none for a call without one of its ends."""
    values = config_of("prod") | prod_with(mcp=None)
    for given, gone in ((config_of("prod"), set()), (values, {"secure", "execute"})):
        settings, problems = read_settings("prod", given, "Pulumi.prod.yaml")
        assert settings is not None, problems
        entries = {one.entry for one in expected_secrets(settings) if "/wiring/" in one.entry}
        assert entries == {f"shared/wiring/{name}" for name in ALL - gone}


def test_after_a_fail_over_the_secrets_are_the_same_and_a_developers_are_his_own() -> None:
    """Databases that are restored elsewhere hold them, in credentials and tools; no developer gets those of prod."""
    for stack, values, folder in (("backup", beside(), "shared"), ("local", own_machine(), "local")):
        settings, problems = read_settings(stack, values, f"Pulumi.{stack}.yaml")
        assert settings is not None, problems
        entries = {one.entry for one in expected_secrets(settings) if "/wiring/" in one.entry}
        assert entries == {f"{folder}/wiring/{name}" for name in ALL}


def test_the_secrets_of_the_calls_are_secrets() -> None:
    """Wherever they are handed over."""
    given = [one.value_of(f"SMOS_{call.name.upper()}_HMAC") for one in processes(graph(INSIDE)) for call in CALLS]
    secrets = {secret for secret in given if secret}
    assert len(secrets) == len(ALL)
    texts = json.dumps([_plain(one.inputs) for one in graph(INSIDE)])
    assert not [secret for secret in secrets if secret in texts]


def _plain(value: Any) -> Any:
    """Without what is marked as a secret."""
    if isinstance(value, Hidden):
        return None
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def addresses(stack: str, **changed_: Any) -> dict[str, Any]:
    """What the output `platform` tells of the calls."""
    reported: list[dict[str, Any]] = []

    def build(settings: Any) -> None:
        smarteros(settings).platform.apply(reported.append)

    declare(build, stack, **changed_)
    found: dict[str, Any] = reported[0]["wiring"]
    return found


def test_others_are_told_the_addresses_and_no_secret() -> None:
    """The tenants' programs make webhooks, tools and bots from them."""
    given = addresses("prod")
    assert given["secure"] == {
        "caller": "botpress",
        "callee": "mcp",
        "url": "http://mcp:4444/servers/{server}/mcp",
        "identity": "botpress@smarterbot.cl",
    }
    assert given["converse"]["url"] == "https://botpress.smarterbot.cl/api/v1/bots/{bot}/converse/{user}/secured"
    assert given["execute"]["url"] == "https://n8n.smarterbot.cl/webhook/mcp-execute"
    assert all(set(one) == {"caller", "callee", "url", "identity"} for one in given.values())


def test_chatwoot_calls_and_is_called_by_public_names_also_on_the_same_host() -> None:
    """It refuses addresses of private networks, and what would allow them would allow them to every tenant. And what
    comes to it without TLS it sends away.
    """
    given = addresses("backup", **beside())
    assert given["classify"]["url"].startswith("https://n8n-standby.smarterbot.cl/")
    assert given["answer"]["url"].startswith("https://chatwoot-standby.smarterbot.cl/")
    for one in processes(graph(INSIDE)):
        assert "SAFE_FETCH_ALLOW_PRIVATE_NETWORK" not in one.env


def test_a_botpress_in_the_cloud_is_called_there_and_calls_by_public_names() -> None:
    """n8n gets its address and a token for it; nothing of Botpress is in the host's network."""
    services = prod_with(mcp={})["services"] | {"botpress": CLOUD}
    declared = platform(profile="custom", ai={}, services=services)
    holders = {one.service for one in processes(declared) if one.value_of("SMOS_CONVERSE_TOKEN")}
    assert holders == {"n8n"}
    given = addresses("prod", profile="custom", ai={}, services=services)
    assert given["converse"]["url"] == "https://api.botpress.cloud/v1/chat/messages"
    assert given["secure"]["url"] == "https://mcp.smarterbot.cl/servers/{server}/mcp"
    (mcp,) = [one for one in processes(declared) if one.service == "mcp"]
    assert mcp.value_of("SMOS_SECURE_HMAC")


@pytest.mark.parametrize(
    ("botpress", "refused"), [({}, False), (CLOUD, True)], ids=["on the same host", "at its vendor's"]
)
def test_who_is_called_from_elsewhere_needs_a_name(botpress: dict[str, Any], refused: bool) -> None:
    """On the same host none is needed."""
    services = prod_with(mcp={})["services"]
    services["botpress"] = botpress or services["botpress"]
    del services["mcp"]["hostname"]
    _, problems = read_settings(
        "prod", config_of("prod") | {"profile": "custom", "ai": {}, "services": services}, "Pulumi.prod.yaml"
    )
    given = [str(one) for one in problems]
    assert bool(given) is refused, given
    for one in given:
        assert "smarteros:services/mcp/hostname" in one
        assert "botpress calls it from elsewhere (secure), and no name leads to it" in one
        assert one.endswith("Fix: hostname: mcp; or both on the same host")


def test_the_page_says_how_a_call_is_signed_and_its_example_is_right() -> None:
    """Its code, run with its own values, gives its own result."""
    page = (ROOT / "docs" / "wiring.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    given = dict(re.findall(r"^\| (\w+) \| `(.*)` \|$", page, re.MULTILINE))
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own example
    told_body = given["body"].encode()
    made = names["signature"](
        given["secret"], int(given["t"]), given["method"], given["path"], given["identity"], told_body
    )
    assert made == given["header"]
    assert given["path"] == next(call.path for call in CALLS if call.name == "execute")


def test_the_page_names_every_call_with_its_path() -> None:
    """What is declared is what is told."""
    page = (ROOT / "docs" / "wiring.md").read_text(encoding="utf-8")
    for call in CALLS:
        assert f"| {call.name} | `https://<{call.callee}>{call.path}` |" in page
    assert IDENTITY_HEADER in page
    assert f"{HMAC_HEADER}: t=" in page
