"""What fits and what does not: memory, CPUs, disk, connections, each container's least; and profiles."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from capacity.report import report_of
from policy.rule import Resource
from policy.rules.host_memory import RULE
from settings import Settings, load_files
from settings.capacity import (
    HOST_RESERVE_MB,
    LOGS_MB,
    OPERATORS_CONNECTIONS,
    connections_held,
    host_capacity,
    on_vendors_machines,
    server_capacity,
    usable_disk_mb,
)
from settings.default_images import every_default_image
from settings.places import AzurePostgres, DockerPostgres
from settings.postgres import SUPERUSER_CONNECTIONS, WAL_CONNECTIONS, WAL_SENDERS, memory_of, min_memory_mb
from settings.profiles import with_profile
from settings.reading import read_settings
from settings.sizes import POSTGRES_CONNECTIONS, POSTGRES_SKUS
from settings.systems.smarteros import SYSTEM, SmarterOSServices
from tests.components.declared import ROOT, config_of

STACKS = ("prod", "backup")


def problems_of(stack: str, **changed: Any) -> list[str]:
    """What is wrong with a stack's settings when some of them are others."""
    _, problems = read_settings(stack, config_of(stack) | changed, f"Pulumi.{stack}.yaml")
    return [str(problem) for problem in problems]


def with_(stack: str, path: str, value: Any) -> dict[str, Any]:
    """A stack's configuration with one value changed."""
    key, *rest = path.split("/")
    top: Any = deepcopy(config_of(stack)[key])
    here = top
    for part in rest[:-1]:
        here = here[int(part) if part.isdigit() else part]
    here[rest[-1]] = value
    return {key: top}


def settings_of(stack: str) -> Settings:
    """The tracked settings."""
    return load_files(stack, ROOT)


@pytest.mark.parametrize("stack", STACKS)
def test_the_tracked_environments_fit(stack: str) -> None:
    """Both have room for all that they name."""
    report = report_of(settings_of(stack))
    assert report.fits, report.problems
    assert all(held.memory.fits and held.cpu.fits and held.disk.fits for held in report.hosts)


@pytest.mark.parametrize("stack", STACKS)
def test_a_host_holds_every_container_of_its_services_and_servers_once(stack: str) -> None:
    """Each container of each service is on one host or in Azure; each PostgreSQL container is on its host."""
    settings = settings_of(stack)
    hosts = [host_capacity(host, settings.database_servers, settings.services) for host in settings.hosts]
    found = [part.container.name for held in hosts for part in held.parts]
    found += [part.container.name for one in on_vendors_machines(settings.services) for part in one.parts]
    wanted = [one.name for key, service in settings.services.running() for one in service.footprint(key)]
    wanted += [
        f"postgres-{server.name}"
        for server in settings.database_servers
        if isinstance(server.placement, DockerPostgres)
    ]
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            "hosts/0/memoryMb",
            5000,
            (
                "hosts/0/memoryMb: 5000: what runs there may use",
                "MB (postgres-vps 2560, ",
                "room for 3976",
                "a host with",
            ),
        ),
        ("hosts/0/cpus", 1, ("hosts/0/cpus: 1: what runs there needs", "CPUs at least (", "room for 0.75", "2 CPUs")),
        (
            "hosts/0/diskGb",
            40,
            ("hosts/0/diskGb: 40: what runs there is expected to fill", "15% stay free", "GB of disk"),
        ),
        (
            "databaseServers/0/placement/maxConnections",
            50,
            (
                "databaseServers/0/placement/maxConnections: 50: its services may hold",
                "connections at once (",
                "n8n 2, ",
                "it takes 44",
                "Fix: maxConnections: ",
                "with memoryMb: ",
            ),
        ),
        (
            "databaseServers/0/placement/maxConnections",
            500,
            (
                "databaseServers/0/placement/memoryMb: 2560: postgres-vps gets 2560 MB, and needs",
                "506 connections of 10 MB",
            ),
        ),
        (
            "databaseServers/0/placement/cpus",
            3,
            ("hosts/0/cpus: 2: postgres-vps may use 3 CPUs, the host has 2", "lower its cpu"),
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_sum(path: str, value: Any, words: tuple[str, ...]) -> None:
    """Path, numbers and mend, before anything is created."""
    problems = problems_of("backup", **with_("backup", path, value))
    assert any(all(word in text for word in words) for text in problems), problems


def test_the_smallest_that_fits_is_not_refused() -> None:
    """What the mend says is enough, and one less is not."""
    memory = report_of(settings_of("backup")).hosts[0].memory
    enough = int(memory.used) + HOST_RESERVE_MB
    assert not problems_of("backup", **with_("backup", "hosts/0/memoryMb", enough))
    (text,) = problems_of("backup", **with_("backup", "hosts/0/memoryMb", enough - 1))
    assert f"a host with {enough} MB" in text


def test_a_container_below_its_vendors_minimum_is_refused_with_the_source() -> None:
    """The key that says its size, the number, who says more, and the mend."""
    services = deepcopy(config_of("backup")["services"])
    services["traefik"]["memoryMb"] = 128
    assert not problems_of("backup", services=services)
    services["redis"]["memoryMb"] = 64
    services["vault"]["memoryMb"] = 256
    assert not problems_of("backup", services=services)
    problems = problems_of("backup", **with_("backup", "databaseServers/0/placement/cpus", 0.2))
    assert problems == [
        "Pulumi.backup.yaml: smarteros:databaseServers/0/placement/cpus: 0.2: postgres-vps gets 0.2 CPU, and needs "
        "0.25 at least: 64 MB and 109 connections of 10 MB, beside a quarter for shared buffers and 3 vacuums of a "
        "sixteenth (settings/postgres.py); CPU: ours. Fix: cpus: 0.25 or more"
    ]


@pytest.mark.parametrize("key", list(SmarterOSServices.model_fields))
def test_every_service_has_at_least_what_its_vendor_asks_for_by_default(key: str) -> None:
    """A default is no trap; each number has its source."""
    services = with_profile_of(key)
    for container in getattr(services, key).footprint(key):
        assert container.source, container.name
        assert container.memory_mb >= container.min_memory_mb > 0, container.name
        assert container.cpu >= container.min_cpu > 0, container.name


def with_profile_of(key: str) -> SmarterOSServices:
    """The services of `full`, and that one, as they are by default."""
    settings = settings_of("backup")
    wanted = dict.fromkeys((*SYSTEM.profiles["full"], key))
    return with_profile(list(wanted), settings.hosts, settings.database_servers, SmarterOSServices.model_validate({}))


def test_what_ends_before_the_others_start_is_not_added_to_them() -> None:
    """Its memory is looked at beside everything but its own service."""
    settings = settings_of("backup")
    services = with_profile(SYSTEM.profiles["full"], settings.hosts, settings.database_servers, settings.services)
    held = host_capacity(settings.hosts[0], settings.database_servers, services)
    passing = [part for part in held.parts if part.container.passing]
    assert passing
    for part in passing:
        assert part.container.name not in held.memory.parts
        start = held.memory_at_start(part)
        own = {one.container.name for one in held.parts if one.path == part.path}
        assert own & set(start.parts) == {part.container.name}


def test_connections_count_twice_where_two_revisions_meet() -> None:
    """In Container Apps the old one still runs while the new one starts; on a host it ends first."""
    prod, backup = (settings_of(stack).of(SmarterOSServices).services.n8n for stack in STACKS)
    assert prod is not None
    assert backup is not None
    assert connections_held(prod) == 2 * prod.connections()
    assert connections_held(backup) == backup.connections()


def test_a_server_has_what_its_vendor_says_less_what_is_kept() -> None:
    """Azure's table, whose 15 are gone already; a container's own, less the superuser's and the log receiver's."""
    assert set(POSTGRES_CONNECTIONS) == set(POSTGRES_SKUS)
    settings = settings_of("prod")
    for server in settings.database_servers:
        one = server_capacity(server, settings.services).connections
        assert one.parts["operators"] == OPERATORS_CONNECTIONS
        if isinstance(server.placement, AzurePostgres):
            assert one.room == POSTGRES_CONNECTIONS[server.placement.sku]
        elif isinstance(server.placement, DockerPostgres):
            assert one.room == server.placement.max_connections - SUPERUSER_CONNECTIONS - WAL_CONNECTIONS


def test_a_size_of_azure_that_takes_too_few_names_those_that_do() -> None:
    """Standard_B1ms has room for 35."""
    services = deepcopy(config_of("prod")["services"])
    services["tenants"]["database"] = services["knowledge"]["database"] = "azure"
    servers = with_("prod", "databaseServers/0/placement/sku", "Standard_B1ms")
    problems = problems_of("prod", services=services, **servers)
    (text,) = [one for one in problems if "placement/sku" in one]
    assert "it takes 35" in text
    assert "Fix: one of: Standard_B2s" in text


@pytest.mark.parametrize("connections", [20, 100, 500, 1000])
def test_the_least_memory_of_postgresql_is_enough_for_its_parts(connections: int) -> None:
    """Buffers, three vacuums, every connection and every sender of the log fit; a fiftieth less does not."""
    least = min_memory_mb(connections)

    def wanted(memory_mb: int) -> int:
        memory = memory_of(memory_mb)
        return memory.shared_buffers + 3 * memory.maintenance_work_mem + 64 + 10 * (connections + WAL_SENDERS)

    assert wanted(least) <= least
    assert wanted(least * 49 // 50) > least * 49 // 50


def test_the_declared_server_takes_as_many_connections_as_the_sum_says() -> None:
    """The number is declared once: in the settings."""
    from components.placements.docker.postgres import postgres_workload

    place = DockerPostgres.model_validate({"where": "docker", "host": "vps", "maxConnections": 77, "memoryMb": 2048})
    workload = postgres_workload(every_default_image()["postgres"], place, "password", "another")
    assert "max_connections=77" in workload.args
    assert "shared_buffers=512MB" in workload.args
    assert f"max_wal_senders={WAL_SENDERS}" in workload.args
    one = place.footprint("vps")[0]
    assert (one.cpu, one.memory_mb) == (workload.cpu, workload.memory_mb)


def test_logs_are_as_large_as_every_container_is_allowed() -> None:
    """The placement's log options, and the sum's number."""
    from tests.components.declared import platform, resolved

    containers = [one for one in platform("backup") if one.token == "docker:index/container:Container"]
    for one in containers:
        if resolved(one.inputs).get("start") is not False:
            assert resolved(one.inputs)["logOpts"] == {"max-file": "3", "max-size": "10m"}, one.name
    assert LOGS_MB == 3 * 10


def test_a_disk_is_never_filled_to_its_end() -> None:
    """15 % stay free, and a vendor's GB is smaller than 1024 MB."""
    assert usable_disk_mb(100) == 81005


@pytest.mark.parametrize("stack", STACKS)
def test_the_policy_rule_adds_up_the_same(stack: str) -> None:
    """Lowered by one MB below what is needed, the rule refuses with the model's own sum; with exactly as much it does
    not.
    """
    from deploy.policies import facts_of
    from tests.components.declared import platform
    from tests.policy.judged import resources_of, said_of_stack

    settings = settings_of(stack)
    (held,) = report_of(settings).hosts
    stack_of_resources: list[Resource] = resources_of(platform(stack))
    enough = int(held.memory.used) + HOST_RESERVE_MB
    for memory, refused in ((enough, False), (enough - 1, True)):
        host = held.host.model_copy(update={"memory_mb": memory})
        facts = facts_of(settings.model_copy(update={"hosts": (host,)}))
        told_of = said_of_stack(RULE, stack_of_resources, facts)
        assert bool(told_of) is refused
        if refused:
            assert f"may use {int(held.memory.used)} MB" in told_of[0][1]


def test_the_pages_are_up_to_date() -> None:
    """docs/capacity.md and its pictures say what the model says (fix: ./smos capacity --pages)."""
    from capacity.pages import files

    for file, text in files(ROOT).items():
        assert file.read_text(encoding="utf-8") == text, Path(file).name
