"""Walks the calls of a message through a resource graph: the address that the caller's process really gets, who
answers there, and whether both hold the same secret. It knows settings.wiring's list of calls, and no settings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from settings.system import Call
from settings.systems.smarteros import CALLS
from tests.components.declared import Declared, resolved

__all__ = ["LISTENS_AT", "Process", "calls_made", "flow_problems", "processes"]

CONTAINER, APP = "docker:index/container:Container", "azure-native:app:ContainerApp"
RECORD, VAULT_SECRET = "cloudflare:index/dnsRecord:DnsRecord", "azure-native:keyvault:Secret"

LISTENS_AT = {
    "n8n": 5678,  # n8n-io/n8n-docs hosting/configuration/environment-variables/deployment: N8N_PORT
    "chatwoot": 3000,  # chatwoot/docs self-hosted/deployment/docker: rails s -p 3000
    "botpress": 3000,  # botpress/v12 build/docker/Dockerfile: EXPOSE 3000
    "mcp": 4444,  # IBM/mcp-context-forge Containerfile: EXPOSE 4444
}
"""Where each vendor's image listens: the one thing that no resource says by itself."""


@dataclass(frozen=True)
class Process:
    """What runs: a container of a host, or an app in Azure."""

    name: str
    service: str
    env: dict[str, str]
    files: dict[str, str]
    """Path → content, of the files that it can read."""
    resource: Declared

    def value_of(self, variable: str) -> str | None:
        """A variable of the wiring, also where the process is handed it by another way: exposed, or as a file."""
        for key in (variable, f"EXPOSED_{variable}"):
            if key in self.env:
                return self.env[key]
            if f"{key}_FILE" in self.env:
                return self.files.get(self.env[f"{key}_FILE"], "")
        return None

    def holds(self, text: str) -> bool:
        """Whether the text stands anywhere in what it is told."""
        return any(text in one for one in (*self.env.values(), *self.files.values()))


def processes(declared: Sequence[Declared]) -> list[Process]:
    """Everything that runs and stays running."""
    found = [_container(one, declared) for one in declared if one.token == CONTAINER and _stays(one)]
    return found + [one for app in declared if app.token == APP for one in _app(app, declared)]


def calls_made(declared: Sequence[Declared]) -> set[str]:
    """The calls for which somebody has an address."""
    return {call.name for call in CALLS for one in processes(declared) if one.value_of(f"SMOS_{call.name.upper()}_URL")}


def flow_problems(declared: Sequence[Declared]) -> list[str]:
    """Everything that would stop a message on its way."""
    running = processes(declared)
    services = {one.service for one in running}
    found: list[str] = []
    for call in CALLS:
        if {call.caller, call.callee} & services:
            found += _problems_of(call, running, declared)
    return found


def _problems_of(call: Call, running: list[Process], declared: Sequence[Declared]) -> Iterator[str]:
    prefix = f"SMOS_{call.name.upper()}"
    callers = [one for one in running if one.value_of(f"{prefix}_URL")]
    if not callers:
        yield f"{call.name}: nobody has an address to call"
    for caller in callers:
        if caller.service != call.caller:
            yield f"{call.name}: {caller.name} has its address, and is not {call.caller}"
        if not re.fullmatch(rf"{call.caller}@[a-z0-9.-]+", caller.value_of(f"{prefix}_IDENTITY") or ""):
            yield f"{call.name}: {caller.name} has no identity"
        url = caller.value_of(f"{prefix}_URL") or ""
        callee = who_answers(url, caller, running, declared)
        if isinstance(callee, str):
            yield f"{call.name}: {caller.name} calls {url}: {callee}"
        elif refusal := _own_guard(url, caller, callee, declared):
            yield f"{call.name}: {caller.name} calls {url}: {refusal}"
        elif callee.service != call.callee:
            yield f"{call.name}: {caller.name} calls {url}, and {callee.name} answers"
        elif not caller.value_of(f"{prefix}_HMAC") or caller.value_of(f"{prefix}_HMAC") != callee.value_of(
            f"{prefix}_HMAC"
        ):
            yield f"{call.name}: {caller.name} and {callee.name} hold different secrets"
        else:
            secret = str(caller.value_of(f"{prefix}_HMAC"))
            for other in running:
                if other.service not in (call.caller, call.callee) and other.holds(secret):
                    yield f"{call.name}: {other.name} holds its secret, too"


def who_answers(url: str, caller: Process, running: list[Process], declared: Sequence[Declared]) -> Process | str:
    """The process that gets what is sent there; or why nobody does."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return _neighbour(parts.hostname or "", parts.port or 80, caller, running)
    if parts.scheme != "https" or parts.port not in (None, 443):
        return "this is no address"
    return _public(parts.hostname or "", running, declared)


def _neighbour(alias: str, port: int, caller: Process, running: list[Process]) -> Process | str:
    """Docker's DNS: a container with that alias, in a network in which the caller is, too."""
    networks = _networks(caller.resource)
    for one in running:
        shared = [network for network in networks & _networks(one.resource) if alias in _aliases(one.resource, network)]
        if shared and one.resource.provider == caller.resource.provider:
            if port != LISTENS_AT.get(one.service):
                return f"{one.name} does not listen at {port}"
            return one
    return f"no container that {caller.name} reaches is called {alias}"


def _own_guard(url: str, caller: Process, callee: Process, declared: Sequence[Declared]) -> str:
    """What the two programs themselves refuse of a call that stays inside; nothing of most."""
    if not url.startswith("http://"):
        return ""
    # chatwoot/chatwoot config/environments/production.rb: force_ssl answers with a redirection to https.
    if callee.env.get("FORCE_SSL") == "true":
        return f"{callee.name} answers to TLS alone"
    # chatwoot/chatwoot pull request 14548.
    if caller.service == "chatwoot" and caller.env.get("SAFE_FETCH_ALLOW_PRIVATE_NETWORK") != "true":
        return f"{caller.name} calls no private address"
    # IBM/mcp-context-forge mcpgateway/config.py: ssrf_allowed_networks; each was seen at a running gateway.
    if caller.service == "mcp":
        allowed = json.loads(caller.env.get("SSRF_ALLOWED_NETWORKS", "[]"))
        network, subnet = _where_it_resolves(caller, callee, declared)
        if subnet not in allowed:
            return f"{caller.name} is not allowed to call into {network}"
    return ""


def _where_it_resolves(caller: Process, callee: Process, declared: Sequence[Declared]) -> tuple[str, str]:
    """The network in which Docker's DNS finds the callee first, and its addresses: of those that both are in, one with
    a way out comes before one without, then it goes by name (moby/moby daemon/libnetwork/sandbox.go, Endpoint.Less).
    """
    shared = _networks(caller.resource) & _networks(callee.resource)
    all_ = [resolved(one.inputs) for one in declared if one.token == "docker:index/network:Network"]
    first = min((one for one in all_ if one["name"] in shared), key=lambda one: (one["internal"], one["name"]))
    (ipam,) = first["ipamConfigs"]
    return first["name"], ipam["subnet"]


def _public(name: str, running: list[Process], declared: Sequence[Declared]) -> Process | str:
    """The DNS, then the reverse proxy or the app behind it."""
    record = _record(name, declared)
    if record is None:
        return "no record and no wildcard leads anywhere"
    if record["type"] == "CNAME":
        return _app_at(name, record["content"], running)
    proxies = [one for one in running if 443 in _published(one) and record["content"] in _host_of(one, declared)]
    if not proxies:
        return f"nothing on {record['content']} publishes 443"
    for one in running:
        labels = _labels(one.resource)
        for key, rule in labels.items():
            if key.endswith(".rule") and f"Host(`{name}`)" in rule and "PathPrefix" not in rule:
                return _routed(one, key, labels, proxies[0])
    return f"the reverse proxy has no route for {name}"


def _routed(one: Process, key: str, labels: dict[str, str], proxy: Process) -> Process | str:
    """What the reverse proxy does with a route that it found."""
    router = key.removesuffix(".rule")
    service = labels.get(f"{router}.service", router.rpartition(".")[2])
    port = labels.get(f"traefik.http.services.{service}.loadbalancer.server.port")
    if labels.get("traefik.enable") != "true" or one.resource.provider != proxy.resource.provider:
        return f"the reverse proxy does not look at {one.name}"
    if labels.get("traefik.docker.network") not in _networks(one.resource) & _networks(proxy.resource):
        return f"{one.name} is in no network that the reverse proxy reaches"
    if labels.get(f"{router}.entrypoints") != "websecure":
        return f"the route to {one.name} is not for TLS"
    if port != str(LISTENS_AT.get(one.service)):
        return f"the route leads to port {port} of {one.name}, which does not listen there"
    return one


def _app_at(name: str, target: str, running: list[Process]) -> Process | str:
    for one in running:
        inputs = resolved(one.resource.inputs)
        if one.resource.token != APP or not target.startswith(f"{inputs['containerAppName']}."):
            continue
        ingress = inputs["configuration"]["ingress"]
        if name not in [domain["name"] for domain in ingress["customDomains"] if domain["bindingType"] == "SniEnabled"]:
            return f"{one.name} does not answer to {name}"
        if not ingress["external"]:
            return f"{one.name} is not reachable from outside"
        if ingress["targetPort"] != LISTENS_AT.get(one.service):
            return f"{one.name} does not listen at {ingress['targetPort']}"
        if not inputs["template"]["scale"]["minReplicas"]:
            return f"{one.name} may have no replica"
        return one
    return f"no app is at {target}"


def _record(name: str, declared: Sequence[Declared]) -> dict[str, Any] | None:
    records: list[dict[str, Any]] = [resolved(one.inputs) for one in declared if one.token == RECORD]
    wildcard = "*." + name.partition(".")[2]
    for wanted in (name, wildcard):
        for one in records:
            if one["name"] == wanted and one["type"] in ("A", "CNAME"):
                return one
    return None


def _stays(one: Declared) -> bool:
    return bool(one.inputs.get("mustRun", True)) and one.inputs.get("start", True) is not False


def _service_of(name: str) -> str:
    """Whose process it is: what it is called begins with the service's key."""
    return name.partition("-")[0]


def _container(one: Declared, declared: Sequence[Declared]) -> Process:
    inputs = resolved(one.inputs)
    env = dict(line.split("=", 1) for line in inputs.get("envs", []))
    mounted = {volume.get("volumeName"): volume["containerPath"] for volume in inputs.get("volumes", [])}
    files: dict[str, str] = {}
    for loader in declared:
        written = (
            resolved(loader.inputs) if loader.token == CONTAINER and loader.name.endswith("-secrets-loader") else {}
        )
        for volume in written.get("volumes", []):
            if mounted.get(volume["volumeName"]) == volume["containerPath"]:
                files |= {upload["file"]: upload["content"] for upload in written["uploads"]}
    return Process(one.name, _service_of(one.name), env, files, one)


def _app(one: Declared, declared: Sequence[Declared]) -> Iterator[Process]:
    """Its containers; the first is the one that its ingress leads to."""
    inputs = resolved(one.inputs)
    vault = {
        f"https://kv.vault.azure.net/secrets/{secret['secretName']}": secret["properties"]["value"]
        for secret in (resolved(other.inputs) for other in declared if other.token == VAULT_SECRET)
    }
    secrets = {
        secret["name"]: vault[secret["keyVaultUrl"].rpartition("/")[0]] for secret in inputs["configuration"]["secrets"]
    }
    items = {
        volume["name"]: {item["path"]: secrets[item["secretRef"]] for item in volume.get("secrets", [])}
        for volume in inputs["template"]["volumes"]
    }
    for index, container in enumerate(inputs["template"]["containers"]):
        env = {
            given["name"]: secrets[given["secretRef"]] if "secretRef" in given else given["value"]
            for given in container["env"]
        }
        files = {
            f"{mount['mountPath']}/{path}": content
            for mount in container.get("volumeMounts", [])
            for path, content in items[mount["volumeName"]].items()
        }
        yield Process(f"{one.name}/{container['name']}" if index else one.name, _service_of(one.name), env, files, one)


def _networks(one: Declared) -> set[str]:
    return {network["name"] for network in resolved(one.inputs).get("networksAdvanced", [])}


def _aliases(one: Declared, network: str) -> list[str]:
    attached = resolved(one.inputs).get("networksAdvanced", [])
    return [alias for there in attached if there["name"] == network for alias in there.get("aliases", [])]


def _labels(one: Declared) -> dict[str, str]:
    return {label["label"]: label["value"] for label in resolved(one.inputs).get("labels", [])}


def _published(one: Process) -> list[int]:
    return [int(port["external"]) for port in resolved(one.resource.inputs).get("ports", [])]


def _host_of(one: Process, declared: Sequence[Declared]) -> str:
    """The address of the machine on which a container is: its provider's."""
    urn = one.resource.provider.rpartition("::")[0]
    return next((str(resolved(other.inputs).get("host", "")) for other in declared if other.urn == urn), "")
