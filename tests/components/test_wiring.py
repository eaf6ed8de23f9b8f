"""The way of a message: every address leads to the service that answers there, and each secret is held by two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from settings.systems.smarteros import CALLS
from tests.components.declared import Declared
from tests.components.message_flow import calls_made, flow_problems, processes
from tests.components.wired import (
    ALL,
    CASES,
    INSIDE,
    OUTSIDE,
    changed,
    graph,
    without,
)


@pytest.mark.parametrize("case", CASES)
def test_a_message_arrives_at_every_call(case: str) -> None:
    """Addresses, networks, names, ports and secrets, from the first call to the last."""
    assert calls_made(graph(case)) == ALL
    assert flow_problems(graph(case)) == []


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
