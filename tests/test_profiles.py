"""Profiles: which services must run, and what a stack would be with another one."""

from __future__ import annotations

from copy import deepcopy

import pytest

from capacity.report import SPECIFICATION, minimum_of, problem_of_host, report_of
from settings import Settings, load_files
from settings.profiles import places_of
from settings.reading import read_settings
from settings.systems.smarteros import SYSTEM, SmarterOSServices
from tests.components.declared import ROOT, config_of


def problems_of(stack: str, **changed: object) -> list[str]:
    """What is wrong with a stack's settings when some of them are others."""
    _, problems = read_settings(stack, config_of(stack) | changed, f"Pulumi.{stack}.yaml")
    return [str(problem) for problem in problems]


def settings_of(stack: str) -> Settings:
    """The tracked settings."""
    return load_files(stack, ROOT)


@pytest.mark.parametrize("profile", list(SYSTEM.profiles))
def test_a_profile_has_services_that_exist(profile: str) -> None:
    """Each of its names is a service."""
    assert set(SYSTEM.profiles[profile]) <= set(SmarterOSServices.model_fields)
    assert set(SYSTEM.profiles["core"]) < set(SYSTEM.profiles["full"])


def test_the_tracked_environments_have_their_profile() -> None:
    """prod runs everything, backup what a fail-over must have."""
    assert settings_of("prod").profile == "full"
    assert settings_of("backup").profile == "core"


def test_a_profile_that_lacks_a_service_is_refused() -> None:
    """With the services that lack, and both ways out."""
    (text,) = problems_of("backup", profile="full")
    assert text.startswith('Pulumi.backup.yaml: smarteros:profile: "full": full has n8n, redis, traefik,')
    assert "here lack chatwoot, odoo, metabase, botpress, mcp. Fix: add services.chatwoot, " in text
    assert text.endswith("or profile: custom")


def test_core_with_one_more_is_refused() -> None:
    """It would not be what a fail-over can count on."""
    services = deepcopy(config_of("backup")["services"])
    services["metabase"] = {"placement": {"where": "docker", "host": "vps"}, "hostname": "metabase", "database": "vps"}
    (text,) = [one for one in problems_of("backup", services=services, profile="core") if "smarteros:profile" in one]
    assert "here run metabase, too. Fix: remove services.metabase; or profile: full or profile: custom" in text
    assert not [one for one in problems_of("backup", services=services, profile="custom") if "smarteros:profile" in one]


def test_full_on_8_gb_is_refused_with_the_sum() -> None:
    """What backup's machine would have to hold, by its services' defaults."""
    report = report_of(settings_of("backup"), "full")
    assert not report.fits
    (memory,) = [str(problem) for problem in report.problems if problem.path == "smarteros:hosts/0/memoryMb"]
    used = int(report.hosts[0].memory.used)
    assert f"8192: what runs there may use {used} MB (postgres-vps 2560, " in memory
    assert f"there is room for 7168 (8192 less 1024 for Docker and the system), {used - 7168} too little" in memory
    assert f"a host with {used + 1024} MB" in memory


def test_the_vendors_own_minima_do_not_fit_the_specifications_machine() -> None:
    """2 CPUs, 8 GB and 100 GB are too small for everything, whatever one sets."""
    assert (SPECIFICATION.cpus, SPECIFICATION.memory_mb, SPECIFICATION.disk_gb) == (2, 8192, 100)
    assert list(problem_of_host(minimum_of("smarteros", "full")))
    assert not list(problem_of_host(minimum_of("smarteros", "core")))


def test_places_are_those_that_the_settings_know() -> None:
    """Of a union, of a single placement, and of what is a database."""
    (n8n,), (storage,), (knowledge,) = (SmarterOSServices.kinds_of(key) for key in ("n8n", "storage", "knowledge"))
    assert places_of(n8n) == ("azure", "docker")
    assert places_of(storage) == ("azure", "r2")
    assert places_of(knowledge) == ()
