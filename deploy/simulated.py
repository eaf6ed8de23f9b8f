"""Prepares a simulated run: the sandbox's server, the shadow project, stacks, throw-away secrets, bootstrapped hosts.

Everything here can be run again at any time and does only what is missing.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import engine
from deploy import policies
from deploy.engine_run import run
from deploy.ephemeral import complete_ephemeral
from deploy.fresh import is_fresh, keep_fresh
from deploy.preflight import before_writing
from deploy.target import HOSTS_PROJECT, PROJECT, ROOT, RunTarget, Target, agreed, without_pulumi
from kept import Damaged
from kept.say import Say
from sandbox import client, shadow
from sandbox.client import ask
from sandbox.home import Home, Running, read_json, write_private
from sandbox.machines.server.keys import prepare_keys
from sandbox.object_store.client import endpoint
from sandbox.official import DOCKER_SOCKET, official_plugins, plugin_folders
from sandbox.scene import Machine, Scene, Way, Zone
from settings import Settings, SettingsError, load_files
from settings.backups import AZURE
from settings.target import mark

__all__ = ["edge", "freshen", "hash_of", "log_file", "run_target", "shell_lines", "simulated", "stacks"]

_FIRST_LOCAL_PORT = 20000
_PORTS_OF_A_STACK = 50
_SLOTS = 200


def simulated(say: Say = lambda _: None, *, hosts_ready: bool = True, stack: str = "") -> RunTarget:
    """A run target on this clone's sandbox, started and completed first: one environment of it, or all without `stack`.

    `hosts_ready=False` leaves the hosts bare.
    """
    home = Home.of_clone()
    if home.running() is None:
        say("starting the simulated clouds")
    if not is_fresh(home):
        freshen(home)
        if complete_ephemeral(home, list(_readable(home))):
            say("making throw-away secrets")
        keep_fresh(home)
    running = client.start(home)
    place = run_target(home, running)
    client.write_shim(home, running, place.pulumi, f"'{ROOT / 'smos'}' sandbox freshen")
    wanted = [one for one in stacks() if stack in ("", one)]
    with client.locked(home), ThreadPoolExecutor(max_workers=max(1, len(wanted))) as several:
        list(several.map(lambda one: _complete(place, home, one, say, hosts_ready), wanted))
    return place


def run_target(home: Home, running: Running) -> RunTarget:
    """What the engine is started with against a running sandbox."""
    found = engine.find()
    environ = found.environ({**without_pulumi(), **client.environment(home, running, found.path)})
    environ["PATH"] = os.pathsep.join([environ["PATH"], *plugin_folders(official_plugins())])
    scratch = home.folder / "runs"
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = RunTarget(
        target=Target.SANDBOX,
        pulumi=found.path,
        project=home.project,
        hosts_project=home.project / "hosts",
        scratch=scratch,
        environ=environ,
        ssh_config=home.ssh_config,
    )
    return agreed(place)


def edge() -> tuple[int, Path]:
    """Where the simulated clouds answer visitors, and what a visitor trusts. Raises OSError when they do not run."""
    running = Home.of_clone().running()
    if running is None:
        raise OSError("the simulated clouds do not run. Fix: ./smos sandbox start")
    given = ask(running, "status")["edge"]
    return int(given["port"]), Path(given["trust"])


def stacks() -> list[str]:
    """The environments that the clone has settings for."""
    return sorted(file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml"))


def freshen(home: Home) -> bool:
    """Brings the shadow project and the scene up to date with the tracked settings; True when something had changed."""

    def adapt(stack: str, config: dict[str, Any]) -> None:
        for host in config.get("smarteros:hosts") or []:
            if host.get("reach") == "local":
                own = DOCKER_SOCKET if "docker" in official_plugins() else home.docker_socket
                host["dockerHost"] = f"unix://{own}"
                continue
            with contextlib.suppress(ValueError):  # the model says what is wrong with it; here it would be a path
                host["hostKey"] = prepare_keys(home, str(ipaddress.IPv4Address(str(host["address"]))))
        _stores_here(home, config.get("smarteros:backups"))
        tunnel = config.setdefault("smarteros:tunnel", {})
        tunnel["firstPort"] = _first_port(home, stack)

    with client.locked(home):
        home.project.mkdir(parents=True, exist_ok=True, mode=0o700)
        home.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark(home.folder)
        changed = shadow.refresh(home, ROOT, adapt)
        _scene(home).write(home)
    running = home.running()
    if running is not None:
        ask(running, "sync")
    client.remember_seen(home, shadow.tracked_files(ROOT))  # last: what failed before is tried again by the next run
    return changed


def _stores_here(home: Home, backups: Any) -> None:
    """The stores of backups as buckets of the sandbox's, which keep their names and failure domains. What is malformed
    stays so: the model says what is wrong with it.
    """
    stores = backups.get("stores") if isinstance(backups, dict) else None
    for store in stores if isinstance(stores, list) else ():
        if not isinstance(store, dict):
            continue
        if store.get("kind") == "azblob":
            bucket = f"{store.pop('account', '')}-{store.pop('container', 'backups')}"
            store.update(kind="s3", bucket=bucket, failureDomain=AZURE)
        store["endpoint"] = endpoint(home)


def _scene(home: Home) -> Scene:
    """What the valid ones of the settings name. An invalid file keeps what was known: its own run says what is
    wrong.
    """
    zones: dict[str, Zone] = {}
    machines: dict[str, Machine] = {}
    ways: list[Way] = []
    own_engine = ""
    for settings in _readable(home):
        zone, here = settings.cloudflare, settings.own_machine
        if zone is not None:
            zones[zone.zone_id] = Zone(zone.zone_id, zone.account_id, settings.domain)
        if here is not None:
            own_engine = here.docker_host
        for host in settings.remote_hosts:
            machines[host.address] = Machine(host.name, host.address, host.ssh_port, host.user, host.bootstrap_user)
        for forward in settings.tunnels():
            address = settings.remote_host(forward.host).address
            ways.append(Way(forward.name, forward.local_port, address, forward.target_host, forward.target_port))
    if not zones and not own_engine:
        return Scene.read(home)
    return Scene(tuple(zones.values()), tuple(machines.values()), tuple(ways), own_engine)


def _readable(home: Home) -> Iterator[Settings]:
    """The settings of every environment in which nothing is wrong."""
    for stack in stacks():
        with contextlib.suppress(SettingsError):
            yield load_files(stack, home.project)


def _first_port(home: Home, stack: str) -> int:
    """A stack's local ports in this sandbox: far from the real ones, and nobody else's when they were chosen, be it
    another stack or another clone's sandbox. They stay the same from then on.
    """
    file = home.folder / "tunnel-ports.json"
    kept: dict[str, int] = read_json(file, f"remove it: other local ports are chosen, for {stack} and the others") or {}
    for known, port in kept.items():
        if type(port) is not int or not 1024 <= port <= 65535 - _PORTS_OF_A_STACK:
            raise Damaged(
                file, f"{known}: {str(port)[:40]!r} is no first port of a stack", "remove it: others are chosen"
            )
    if stack not in kept:
        begin = hash_of(f"{home.folder}/{stack}")
        firsts = [_FIRST_LOCAL_PORT + _PORTS_OF_A_STACK * ((begin + step) % _SLOTS) for step in range(_SLOTS)]
        kept[stack] = next((port for port in firsts if port not in kept.values() and _all_free(port)), firsts[0])
        write_private(file, json.dumps(kept))
    return kept[stack]


def _all_free(first: int) -> bool:
    """Whether nobody listens on any port of a stack that begins there."""
    for port in range(first, first + _PORTS_OF_A_STACK):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def hash_of(text: str) -> int:
    """A number that is the same in every process."""
    import hashlib

    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])


def _complete(place: RunTarget, home: Home, stack: str, say: Say, hosts_ready: bool) -> None:
    """Stacks, secrets and bootstrapped hosts of one environment."""
    try:
        settings = load_files(stack, place.project)
    except SettingsError:
        return
    state = home.state / ".pulumi" / "stacks"
    for project, name in ((place.project, PROJECT), (place.hosts_project, HOSTS_PROJECT)):
        file = state / name / f"{stack}.json"
        if project.is_dir() and not (file.exists() or file.is_symlink()):  # through a broken link, it would be written
            say(f"creating the simulated stack {stack} of {name}")
            run(place, project, "stack", "init", stack, capture=True)
    if hosts_ready and not _bootstrapped(home, settings):
        say(f"bootstrapping the hosts of {stack}")
        before_writing(place, stack, say, HOSTS_PROJECT)
        done = ("--yes", "--skip-preview", *policies.of_environment(place, settings))
        run(place, place.hosts_project, "up", "--stack", stack, *done, capture=True)


def _bootstrapped(home: Home, settings: Settings) -> bool:
    running = home.running()
    machines = ask(running, "status")["machines"] if running else []
    bare = {machine["address"] for machine in machines if not machine["docker"]}
    return not bare & {host.address for host in settings.remote_hosts}


def shell_lines(place: RunTarget, home: Home, path: str | None = None) -> list[str]:
    """What `eval "$(./smos sandbox env)"` evaluates."""
    import shlex

    names = [name for name in place.environ if name.startswith(("PULUMI_", "SMOS_"))]
    folders = [str(home.bin), str(place.pulumi.parent)]
    rest = [one for one in (path or os.environ.get("PATH", "")).split(":") if one and one not in folders]
    lines = [f"export {name}={shlex.quote(place.environ[name])}" for name in sorted(names)]
    return [*lines, f"export PATH={shlex.quote(':'.join([*folders, *rest]))}"]


def log_file() -> Path:
    """Where the sandbox's server writes."""
    return Home.of_clone().log
