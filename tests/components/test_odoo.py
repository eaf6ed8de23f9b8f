"""Odoo: odoo.conf as the vendor wants it behind a proxy, processes within their memory, a role without powers."""

from __future__ import annotations

import configparser
import math
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.services import odoo
from settings.reading import read_settings
from settings.services.odoo import Odoo, memory_limits_mb, min_memory_mb
from tests.components.declared import Declared, Hidden, platform, prod_config, resolved

MB = 1024 * 1024
ON_HOST: dict[str, Any] = {"placement": {"where": "docker", "host": "vps"}, "hostname": "odoo", "database": "vps"}


def services(**changed: Any) -> dict[str, Any]:
    """prod's services, with Odoo's settings changed."""
    found: dict[str, Any] = deepcopy(prod_config()["services"])
    found["odoo"] = {**found["odoo"], **changed}
    return found


@cache
def declared(tenancy: str = "databases") -> tuple[Declared, ...]:
    """What prod declares with Odoo in that tenancy; asked once."""
    return tuple(platform(services=services(tenancy=tenancy)))


def named(name: str, tenancy: str = "databases") -> Declared:
    """The one resource of that name."""
    (found,) = [one for one in declared(tenancy) if one.name == name]
    return found


def options(tenancy: str = "databases") -> dict[str, str]:
    """odoo.conf, as Odoo's own parser reads it."""
    upload = named("odoo-secrets-loader", tenancy).inputs["uploads"][0]
    assert upload["file"] == "/run/secrets/odoo.conf"
    parser = configparser.RawConfigParser()
    parser.read_string(resolved(upload["content"]))
    assert parser.sections() == ["options"]
    return dict(parser.items("options"))


def container() -> dict[str, Any]:
    """The container."""
    inputs: dict[str, Any] = named("odoo-container").inputs
    return inputs


def test_behind_a_proxy_as_the_vendor_says() -> None:
    """Proxy mode, several processes, no list of databases and no screens that manage them."""
    found = options()
    assert found["proxy_mode"] == "True"
    assert found["list_db"] == "False"
    assert int(found["workers"]) > 0
    assert found["http_interface"] == "0.0.0.0"  # noqa: S104 - read, not bound
    assert found["dbfilter"] == "^%d$"
    assert "db_name" not in found


def test_companies_share_the_one_database() -> None:
    """No other database is served, not even one that Odoo's role came to own."""
    found = options("companies")
    assert (found["db_name"], found["dbfilter"]) == ("odoo", "^odoo$")
    assert not [one for one in declared("companies") if one.name == "odoo-provisioned"]


def test_the_configuration_is_a_secret_file_that_only_odoo_reads() -> None:
    """It has two passwords in it: no variable of the container has one, and the engine keeps it hidden."""
    uploads = named("odoo-secrets-loader").inputs["uploads"]
    assert [one["file"] for one in uploads] == ["/run/secrets/odoo.conf", "/run/secrets/owner-password"]
    assert all(isinstance(one["content"], Hidden) and one["permissions"] == "0400" for one in uploads)
    given = "chown 100:101 /run/secrets/odoo.conf /run/secrets/owner-password"
    assert named("odoo-secrets-loader").inputs["entrypoints"][-1] == given
    assert container()["user"] == "100:101"
    assert set(resolved(container()["envs"])) == {
        "ODOO_RC=/run/secrets/odoo.conf",
        "SMOS_ODOO_DATABASE=odoo",
        "SMOS_OWNER_PASSWORD_FILE=/run/secrets/owner-password",
    }


def test_the_entry_point_finds_the_database_in_the_file() -> None:
    """It adds options of its own for whichever of the four the file does not say, and they would win."""
    found = options()
    assert all(found[key] for key in ("db_host", "db_port", "db_user", "db_password"))
    assert found["db_user"] == "odoo"
    assert found["admin_passwd"] not in ("", "admin", found["db_password"])


def test_tls_to_the_database_is_verified_where_the_server_speaks_it() -> None:
    """A container beside it speaks none: what is sent stays in the host's own network."""
    assert options()["db_sslmode"] == "disable"
    found = platform(services=services(database="azure"))
    (loader,) = [one for one in found if one.name == "odoo-secrets-loader"]
    assert "db_sslmode = verify-full" in resolved(loader.inputs["uploads"][0]["content"])
    (running,) = [one for one in found if one.name == "odoo-container"]
    assert "PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt" in resolved(running.inputs["envs"])


def test_websockets_are_led_to_their_own_port() -> None:
    """Everything else goes to the workers."""
    labels = {one["label"]: one["value"] for one in container()["labels"]}
    ports = {value for key, value in labels.items() if key.endswith("loadbalancer.server.port")}
    assert ports == {"8069", "8072"} == {str(odoo.WEBSOCKET_PORT), options()["http_port"]}
    assert options()["gevent_port"] == "8072"
    rules = [value for key, value in labels.items() if key.endswith(".rule")]
    assert any("PathPrefix(`/websocket`)" in rule and "odoo.smarterbot.cl" in rule for rule in rules)


def test_what_outlives_the_container_is_on_volumes() -> None:
    """The filestore, and modules of one's own; the root is read-only, and /tmp is lost."""
    mounts = {one["containerPath"]: one for one in container()["volumes"]}
    assert mounts.keys() == {"/var/lib/odoo", "/mnt/extra-addons", "/run/secrets"}
    assert named("odoo-data").protect
    assert container()["readOnly"] is True
    assert list(container()["tmpfs"]) == ["/tmp"]  # noqa: S108 - inside the container


def test_health_needs_a_program_that_the_image_has() -> None:
    """The image has curl and no wget."""
    tests = container()["healthcheck"]["tests"]
    assert tests[:2] == ["CMD", "curl"]
    assert tests[-1] == "http://127.0.0.1:8069/web/health"


def test_its_role_owns_its_database_and_nothing_else() -> None:
    """No power to create databases or roles, as many connections as it may hold, and everybody else is kept out."""
    owner, database = named("odoo-db-owner").inputs, named("odoo-db-database").inputs
    assert not owner.keys() & {"superuser", "createDatabase", "createRole", "replication"}
    wanted = Odoo.model_validate(services()["odoo"])
    assert owner["connectionLimit"] == wanted.connections()
    assert (database["name"], database["owner"]) == ("odoo", "odoo")
    closed = named("odoo-db-closed").inputs
    assert (closed["role"], closed.get("privileges", [])) == ("public", [])
    assert {
        one.inputs["name"] for one in declared() if one.name.startswith("odoo-db-") and "Extension" in one.token
    } == {
        "pg_trgm",
        "unaccent",
    }


def test_who_makes_tenants_databases_may_give_them_to_odoo() -> None:
    """The provisioner is a member of Odoo's role, once both are there; Odoo is no member of anything."""
    granted = named("odoo-provisioned")
    assert granted.inputs == {"role": "smarteros_provisioner", "grantRole": "odoo"}
    before = {urn.rpartition("::")[2] for urn in granted.dependencies}
    assert {"provisioner-vps-role", "odoo-db-owner"} <= before


def test_every_option_has_its_source() -> None:
    """Each key of odoo.conf and each variable, port, user, volumes and health check: the vendor's page."""
    used = {*options(), *options("companies"), "ODOO_RC", "PGSSLROOTCERT", "SMOS_*"}
    used |= {"port", "user", "volumes", "health"}
    assert set(odoo.SOURCES) == used
    assert all(source.startswith(("https://", "ours: docs/")) for source in odoo.SOURCES.values())


SIZES = st.tuples(
    st.integers(2, 64), st.integers(1, 8), st.integers(0, 64 * 1024)
)  # workers, workers of scheduled jobs, memory beyond what is least


@given(SIZES)
def test_processes_fit_into_the_container(sizes: tuple[int, int, int]) -> None:
    """soft < hard; all at the soft limit, and the vendor's share of heavy ones at the hard one, fit beside /tmp."""
    workers, cron, more = sizes
    memory = min_memory_mb(workers, cron) + more
    soft, hard = memory_limits_mb(memory, workers, cron)
    processes = workers + cron + 1
    heavy = math.ceil(processes * 0.2)
    assert 600 <= soft < hard
    assert hard >= 1600
    assert heavy * hard + (processes - heavy) * soft + 512 <= memory
    assert processes * soft <= memory
    assert soft <= 2048
    assert hard <= 2560


@given(st.floats(0.5, 64), st.integers(1, 8), st.integers(4096, 256 * 1024))
def test_workers_follow_from_cpus_and_memory(cpu: float, cron: int, memory: int) -> None:
    """(#CPU * 2) + 1, as long as there is the memory; never a single one, which would wait for itself."""
    try:
        wanted = Odoo.model_validate({**ON_HOST, "cpu": cpu, "cronWorkers": cron, "memoryMb": memory})
    except ValidationError:
        assert memory < min_memory_mb(2, cron)
        return
    count = wanted.worker_count
    assert 2 <= count <= max(2, int(cpu * 2) + 1)
    assert min_memory_mb(count, cron) <= memory
    assert count == max(2, int(cpu * 2) + 1) or min_memory_mb(count + 1, cron) > memory
    footprint, prepare = wanted.footprint("odoo")
    assert (footprint.passing, prepare.passing) == (False, True)
    assert footprint.min_memory_mb <= footprint.memory_mb


@given(st.integers(2, 64), st.integers(1, 8), st.integers(3, 64))
def test_connections_are_the_sum_of_the_pools(workers: int, cron: int, each: int) -> None:
    """Each process has a pool, the one of the websockets a larger one; a command beside them has room, too."""
    wanted = Odoo.model_validate(
        {**ON_HOST, "workers": workers, "cronWorkers": cron, "dbMaxconn": each, "memoryMb": 256 * 1024}
    )
    assert wanted.connections() - each == (workers + cron) * each + 2 * each


def test_the_pools_in_the_file_are_those_that_were_counted() -> None:
    """db_maxconn a process, db_maxconn_gevent for the websockets."""
    found, wanted = options(), Odoo.model_validate(services()["odoo"])
    held = (int(found["workers"]) + int(found["max_cron_threads"])) * int(found["db_maxconn"])
    assert held + int(found["db_maxconn_gevent"]) + int(found["db_maxconn"]) == wanted.connections()
    assert int(found["limit_memory_soft"]) == wanted.memory_limits_mb[0] * MB


@pytest.mark.parametrize(
    ("changed", "where", "why", "mend"),
    [
        ({"placement": {"where": "azure"}}, "placement", "POSIX file system", "where: docker"),
        ({"memoryMb": 3000}, "memoryMb", "2 workers, 1 for scheduled jobs and one for websockets need 3912", "3912"),
        ({"workers": 8}, "memoryMb", "8 workers", "fewer workers, or memoryMb: 8512"),
        ({"workers": 1}, "workers", "greater than or equal to 2", "How many processes"),
        ({"workers": 0}, "workers", "greater than or equal to 2", "How many processes"),
        ({"tenancy": "schemas"}, "tenancy", "not one of the choices", "'databases' or 'companies'"),
        ({"dbMaxconn": 1}, "dbMaxconn", "greater than or equal to 3", "connections"),
        ({"hostname": "n8n"}, "hostname", "n8n has this name", "another name"),
        ({"database": "azur"}, "database", "no database server has this name", "did you mean azure?"),
        ({"dbfilter": ".*"}, "dbfilter", "not known", "one of: cpu, cronWorkers, database"),
        ({"dbMaxconn": 64}, "databaseServers/1/placement/maxConnections", "connections", ""),
    ],
)
def test_what_would_not_run_is_refused(changed: dict[str, Any], where: str, why: str, mend: str) -> None:
    """With its place in the file, why, and the mend."""
    _, problems = read_settings("prod", prod_config() | {"services": services(**changed)}, "Pulumi.prod.yaml")
    path = f"smarteros:{where}" if "/" in where else f"smarteros:services/odoo/{where}"
    found = [one for one in problems if one.path == path]
    assert found, problems
    assert any(why in one.why and mend in one.mend for one in found), found
