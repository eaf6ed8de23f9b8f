"""A stack with one resource of every simulated type that needs no real server, each with its vendor's own example.

The real engine runs it against providers of this process, so that every type can lose its answer in the same run.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import grpc
import yaml
from pulumi.runtime.proto import provider_pb2_grpc

import engine
from deploy.engine_run import EngineFailed, Outcome, run, run_with_events
from deploy.open_intents import close_done, journal_of, noting
from deploy.take_over import Claims, take_over
from deploy.target import ROOT, RunTarget, Target, without_pulumi
from intents.known import known_in, read_state
from sandbox.cloudflare.server import api as cloudflare_api
from sandbox.core.compiler import sdk_version
from sandbox.core.faults import Faults
from sandbox.core.inventory import Inventory
from sandbox.core.kinds import Package
from sandbox.core.provider import Provider
from sandbox.core.records import Record
from sandbox.core.schema import Schema
from sandbox.docker.server.api import DockerSocket
from sandbox.scene import ENGINE
from sandbox.vendors import packages
from settings import load_files
from tenants.inline import Importing, run_inline

EXAMPLES = ROOT / "tests" / "sandbox" / "examples"
PROJECT, STACK = "types", "one"
ZONE = "023e105f4ecef8ad9ca31a8372d0c353"
"""In which the vendor's example of an origin certificate is."""
REAL_SERVERS = ("postgresql:", "vault:", "command:")
"""Types whose simulation is a real server, or a login to a host: whole stacks try them."""
_EXPECTED = {"cloudflare": {"apiToken": "0123456789abcdefghijklmnopqrstuvwxyzABCD"}}


@dataclass(frozen=True)
class Example:
    """One type's right input."""

    token: str
    inputs: Mapping[str, Any]
    config: Mapping[str, Any]
    existing: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The resource's name: each once."""
        return self.token.replace(":", "-").replace("/", "-")


def examples(socket: str) -> list[Example]:
    """One of each type. Docker's are on this machine's own engine, at `socket`."""
    known = {kind.token for package in packages() for kind in package.types}
    found = []
    for file in sorted(EXAMPLES.glob("*.yaml")):
        content = yaml.safe_load(file.read_text())
        token = content["token"]
        if token not in known or token.startswith(REAL_SERVERS):
            continue
        right = content["right"][0]
        config, existing = dict(content.get("config") or {}), list(right.get("existing") or [])
        if token.startswith("docker:"):
            config = {"host": socket}
            existing = [{**one, "scope": socket} if one["token"].startswith("docker:") else one for one in existing]
        inputs = {**right["inputs"], **_OTHER_NAMES.get(token, {})}
        found.append(Example(token, inputs, config, existing))
    return found


_OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "azure-native:privatedns:PrivateZone": {"privateZoneName": "another1.com"},
    "azure-native:keyvault:Vault": {"vaultName": "another-vault"},
    "azure-native:network:PrivateEndpoint": {"privateEndpointName": "another"},
    "azure-native:app:ManagedEnvironment": {"environmentName": "another"},
    "azure-native:redisenterprise:RedisEnterprise": {"clusterName": "cache9"},
    "cloudflare:index/r2Bucket:R2Bucket": {"name": "another-bucket"},
}
"""Where one type's example is another's surroundings."""


@dataclass
class Vendors:
    """The simulated vendors: what exists at them, and what goes wrong next."""

    folder: Path
    schema: Schema
    cloud: Inventory = field(init=False)
    faults: Faults = field(default_factory=Faults)
    ports: dict[str, int] = field(default_factory=dict)
    strict: bool = False
    """Refuses to delete what is not there, as some of the vendors' providers do."""
    _servers: list[grpc.Server] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cloud = Inventory(self.folder)

    def start(self) -> None:
        """At the ports of the last time."""
        for package in packages():
            server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=[("grpc.so_reuseport", 0)])
            provider = _Provider(self, package)
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
            self.ports[package.name] = server.add_insecure_port(f"127.0.0.1:{self.ports.get(package.name, 0)}")
            server.start()
            self._servers.append(server)

    def stop(self) -> None:
        """All of them die at once, in the middle of what they do."""
        servers, self._servers = self._servers, []
        for one in [server.stop(0) for server in servers]:
            one.wait(5)

    def dies(self, *_: Any) -> NoReturn:
        """What a planned crash does in place of ending this process."""
        threading.Thread(target=self.stop).start()
        raise RuntimeError("the provider's process has died")

    def exist(self) -> dict[tuple[str, str], Any]:
        """(type, id) → inputs, of all that a program made."""
        return {(one.token, one.id): one.inputs for one in self.cloud.all() if one.urn}


class _Provider(Provider):
    """As the sandbox's, and strict on demand."""

    def __init__(self, vendors: Vendors, package: Package) -> None:
        version, cloud = sdk_version(package.name), vendors.cloud
        super().__init__(package, version, vendors.schema, cloud, vendors.faults, lambda *_: None)
        self._vendors = vendors

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        if self._vendors.strict and not kind.state_only and self._find(kind, request.id, context) is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.id} does not exist")
        return super().Delete(request, context)


@dataclass
class Stack:
    """The stack of all of them, on a state of its own."""

    place: RunTarget
    vendors: Vendors
    examples: list[Example]
    said: list[str] = field(default_factory=list)
    secret: tuple[str, ...] = ()
    """Inputs that the program marks as secret."""

    def up(self, claims: Claims | None = None) -> Outcome:
        """As `smos up` and `smos tenant apply`: take over, run, note what failed."""
        self._mend(claims)
        folder, journal = self.place.project, journal_of(self.place, PROJECT, STACK)
        with noting(journal):
            done = ("--yes", "--skip-preview", "--continue-on-error")
            outcome = run_inline(self.place, folder, "up", STACK, self._program(), *done, quiet=True)
        close_done(journal, self.state())
        return outcome

    def destroy(self, claims: Claims | None = None) -> Outcome:
        """As `smos destroy`."""
        self._mend(claims)
        with noting(journal_of(self.place, PROJECT, STACK)):
            done = ("--yes", "--skip-preview", "--continue-on-error", "--stack", STACK)
            return run_with_events(self.place, self.place.project, "destroy", *done, capture=True)

    def failing(self, claims: Claims | None = None, *, down: bool = False) -> EngineFailed | None:
        """Either, which may fail; how it failed."""
        try:
            self.destroy(claims) if down else self.up(claims)
        except EngineFailed as error:
            return error
        return None

    def state(self) -> dict[str, Any]:
        """The deployment in the state."""
        return read_state(self.place.environ, PROJECT, STACK)

    def held(self) -> dict[str, Any]:
        """URN → id, of what the state has of the vendors'."""
        return {one["urn"]: one["id"] for one in self.state().get("resources") or [] if one.get("custom")}

    def _mend(self, claims: Claims | None) -> None:
        settings = load_files("prod", ROOT)
        if settings.cloudflare is not None:
            zone = settings.cloudflare.model_copy(update={"zone_id": ZONE})
            settings = settings.model_copy(update={"cloudflare": zone})
        arguments = {"project": PROJECT, "folder": self.place.project}
        take_over(self.place, settings, STACK, self.state(), self.said.append, claims or Claims(), **arguments)  # type: ignore[arg-type] # both are of their kinds

    def _program(self) -> Importing:
        known, journal = known_in(self.state()), journal_of(self.place, PROJECT, STACK)

        def declare() -> None:
            from pulumi import CustomResource, Output, ProviderResource, ResourceOptions

            from intents.watch import begin

            begin(known, journal)
            for one in self.examples:
                package = one.token.split(":", 1)[0]
                version = sdk_version(package)
                config = {**_EXPECTED.get(package, {}), **one.config}
                provider = ProviderResource(package, f"{one.name}-provider", config, ResourceOptions(version=version))
                hidden = {name: Output.secret(one.inputs[name]) for name in self.secret if name in one.inputs}
                CustomResource(
                    one.token, one.name, {**one.inputs, **hidden}, ResourceOptions(provider=provider, version=version)
                )

        return lambda: declare


@contextlib.contextmanager
def standing(tmp_path: Path, schema: Schema, only: str = "") -> Iterator[Stack]:
    """The stack, of which nothing is up yet. `only`: the type, where it is one alone."""
    docker = f"unix://{tmp_path}/docker.sock"
    chosen = [one for one in examples(docker) if only in ("", one.token)]
    vendors = Vendors(tmp_path / "cloud", schema)
    for one in chosen:
        for record in one.existing:
            vendors.cloud.put(Record(**{"urn": "", "inputs": {}, "outputs": {}, **record}))
    vendors.cloud.put(Record(id=docker, token=ENGINE, inputs={"address": docker}, outputs={}))
    vendors.start()
    socket = DockerSocket(tmp_path / "docker.sock", vendors.cloud)
    with _cloudflare(vendors.cloud) as address:
        try:
            yield Stack(_workplace(tmp_path, vendors, address), vendors, chosen)
        finally:
            socket.close()
            vendors.stop()
            vendors.cloud.close()


def _workplace(tmp_path: Path, vendors: Vendors, cloudflare: str) -> RunTarget:
    project, scratch, states = tmp_path / "project", tmp_path / "own" / "runs", tmp_path / "states"
    for folder in (project, scratch, states):
        folder.mkdir(parents=True)
    (project / "Pulumi.yaml").write_text(json.dumps({"name": PROJECT, "runtime": "python"}))
    found = engine.find()
    environ = found.environ(
        {
            **without_pulumi(),
            "PULUMI_BACKEND_URL": f"file://{states}",
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "Throw4way",
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, port in vendors.ports.items()),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "SMOS_CLOUDFLARE_API": cloudflare,
        }
    )
    place = RunTarget(
        target=Target.SANDBOX,
        pulumi=found.path,
        project=project,
        hosts_project=project,
        scratch=scratch,
        apart=True,  # this process has many threads
        environ=environ,
    )
    run(place, project, "stack", "init", STACK, capture=True)
    return place


@contextlib.contextmanager
def _cloudflare(cloud: Inventory) -> Iterator[str]:
    """The sandbox's routes over real HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = cloudflare_api.answer(cloud, self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/client/v4"
    finally:
        server.shutdown()
        server.server_close()
