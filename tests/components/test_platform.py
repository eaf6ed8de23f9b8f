"""The platform runs a system's services: in no order of their own, each once, and circles are told."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest
from pulumi import ComponentResource, Output

from components.platform import Platform
from components.services.context import ServiceContext, ServiceOutputs
from components.services.modules import declare_of, declares
from components.systems import SYSTEMS as COMPONENTS
from settings import Settings
from settings.systems import SYSTEMS
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import declare

KEYS = SYSTEMS["smarteros"].services.model_fields


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_a_system_is_its_two_files(name: str) -> None:
    """What the settings know, components make; profiles and calls name its services alone."""
    system = SYSTEMS[name]
    keys = set(system.services.model_fields)
    assert COMPONENTS[name].__module__ == f"components.systems.{name.replace('-', '_')}"
    assert {key for profile in system.profiles.values() for key in profile} <= keys
    assert {key for call in system.calls for key in (call.caller, call.callee)} <= keys


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_each_service_is_declared_by_the_module_that_is_called_so(name: str) -> None:
    """And that takes what the settings have for it: all of its kinds, and no other. No list repeats the services."""
    services = SYSTEMS[name].services
    for key in services.model_fields:
        declare = declare_of(key)
        assert declare.__module__ == f"components.services.{key}"
        said = get_type_hints(declare)
        assert said.pop("ctx") is ServiceContext
        assert said.pop("return") is ServiceOutputs
        (wanted,) = said.values()
        assert set(get_args(wanted) or (wanted,)) == set(services.kinds_of(key)), key


@pytest.mark.parametrize(
    ("key", "why"), [("bord", "there is no components/services/bord.py"), ("context", "has no declare. Fix: ")]
)
def test_a_service_without_its_module_is_told(key: str, why: str) -> None:
    """With the file that is to have it."""
    with pytest.raises(LookupError, match=why):
        declares([key])


def test_who_needs_a_redis_has_it_declared_first_and_once() -> None:
    """Whatever the order in which the settings have them."""
    asked: list[str] = []

    def needs(key: str) -> Any:
        def made(ctx: ServiceContext, wanted: Any) -> ServiceOutputs:
            ctx.redis_in(str(wanted.placement.private_network))
            asked.append(key)
            return ServiceOutputs()

        return made

    def redis(ctx: ServiceContext, wanted: Any) -> ServiceOutputs:
        asked.append("redis")
        return declare_of("redis")(ctx, wanted)

    run({**dict.fromkeys(KEYS, nothing), "traefik": needs("traefik"), "mcp": needs("mcp"), "redis": redis})
    assert asked[0] == "redis"
    assert sorted(asked) == ["mcp", "redis", "traefik"]


def test_services_that_ask_for_each_other_are_told_so() -> None:
    """With the way round, instead of a traceback without an end."""

    def asks_itself(ctx: ServiceContext, wanted: Any) -> ServiceOutputs:
        ctx.redis_in(str(wanted.placement.private_network))
        return ServiceOutputs()

    with pytest.raises(RuntimeError, match="in a circle: redis → redis"):
        run({**dict.fromkeys(KEYS, nothing), "redis": asks_itself})


def test_settings_of_another_system_are_refused() -> None:
    """Whoever knows a system says which."""

    class Other(SmarterOSServices):
        """Of no system."""

    def build(settings: Settings) -> None:
        with pytest.raises(TypeError, match="which has no Other"):
            settings.of(Other)

    declare(build)


def nothing(ctx: ServiceContext, wanted: Any) -> ServiceOutputs:
    """A service without a resource."""
    return ServiceOutputs(url=Output.from_input("https://x"))


def run(services: dict[str, Any]) -> None:
    """A platform with prod's settings and these services."""
    declare(lambda settings: Platform(ComponentResource("t:systems:T", "t"), settings, services))
