"""The platform runs a system's services: in no order of their own, each once, and circles are told."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import ComponentResource, Output

from components.platform import Platform
from components.services.context import ServiceContext, ServiceOutputs
from components.systems import SYSTEMS as COMPONENTS
from components.systems.smarteros import SERVICES
from settings import Settings
from settings.systems import SYSTEMS
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import declare


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_a_system_is_its_two_files(name: str) -> None:
    """What the settings know, components make; profiles and calls name its services alone."""
    system = SYSTEMS[name]
    keys = set(system.services.model_fields)
    assert COMPONENTS[name].__module__ == f"components.systems.{name.replace('-', '_')}"
    assert {key for profile in system.profiles.values() for key in profile} <= keys
    assert {key for call in system.calls for key in (call.caller, call.callee)} <= keys


def test_smarteros_declares_each_of_its_services() -> None:
    """None is missing, and none is there that no settings can name."""
    assert SERVICES.keys() == SYSTEMS["smarteros"].services.model_fields.keys()


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
        return SERVICES["redis"](ctx, wanted)

    run({**dict.fromkeys(SERVICES, nothing), "traefik": needs("traefik"), "mcp": needs("mcp"), "redis": redis})
    assert asked[0] == "redis"
    assert sorted(asked) == ["mcp", "redis", "traefik"]


def test_services_that_ask_for_each_other_are_told_so() -> None:
    """With the way round, instead of a traceback without an end."""

    def asks_itself(ctx: ServiceContext, wanted: Any) -> ServiceOutputs:
        ctx.redis_in(str(wanted.placement.private_network))
        return ServiceOutputs()

    with pytest.raises(RuntimeError, match="in a circle: redis → redis"):
        run({**dict.fromkeys(SERVICES, nothing), "redis": asks_itself})


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
