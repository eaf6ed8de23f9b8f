"""Kinds of place: registered once, taken by every field that needs what they can, refused with the reason by others."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from settings.checks import queues
from settings.parts import Setting
from settings.places import (
    Accepts,
    AzurePostgres,
    BlobPlace,
    ContainerPlace,
    DatabasePlace,
    DockerPostgres,
    OnAzure,
    OnDocker,
    Place,
    narrowed,
    place,
)
from settings.profiles import places_of
from settings.reading import read_settings
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import prod_config


def test_two_kinds_of_one_role_are_not_one_word() -> None:
    """The second would never be chosen."""

    class Another(ContainerPlace):
        """As Docker."""

        where: Literal["docker"] = Field(description="Another Docker")

    with pytest.raises(TypeError, match=r"^Another: OnDocker is where: docker already\. Fix: another where$"):
        place(Another)


def test_a_kind_says_its_one_word_and_what_it_is_for() -> None:
    """Else no file could name it, or nobody would ask it anything."""

    class Wordless(ContainerPlace):
        """Says no word."""

    class Idle(Place):
        """Is for nothing."""

        where: Literal["idle"] = Field(description="Nowhere")

    with pytest.raises(TypeError, match="Wordless/where: it must be one word"):
        place(Wordless)
    with pytest.raises(TypeError, match=r"^Idle: it is for nothing\. Fix: a subclass of ContainerPlace, DatabasePlace"):
        place(Idle)


def test_a_field_can_need_only_what_places_say_of_themselves() -> None:
    """A slip of the pen would take every place, or none."""
    with pytest.raises(TypeError, match="ContainerPlace says nothing of persist_files"):
        Accepts(ContainerPlace, ("persist_files",))


@pytest.mark.parametrize(
    ("needs", "wheres"),
    [
        ((), ["azure", "docker"]),
        (("persists_files",), ["docker"]),
        (("runs_queues",), ["azure"]),
        (("shares_redis", "fixed_addresses"), ["docker"]),
        (("scales", "shares_redis"), []),
    ],
)
def test_a_field_takes_the_kinds_that_can_all_that_it_needs(needs: tuple[str, ...], wheres: list[str]) -> None:
    """Each by its word."""
    assert list(Accepts(ContainerPlace, needs).choices()) == wheres
    assert list(Accepts(DatabasePlace).choices()) == ["azure", "docker"]
    assert list(Accepts(BlobPlace).choices()) == ["azure", "r2"]


@pytest.mark.parametrize(
    ("service", "changed", "path", "why", "mend"),
    [
        (
            "chatwoot",
            {"where": "azure"},
            "placement",
            "it needs a Redis beside it and a PostgreSQL in which it may create extensions, and Azure has neither",
            "where: docker, with a host",
        ),
        (
            "n8n",
            {"where": "r2"},
            "placement",
            "'r2' is not a place where it can run",
            "where: one of 'azure', 'docker'",
        ),
        ("n8n", {}, "placement", "it does not say where it runs", "where: one of azure, docker"),
        (
            "redis",
            {"where": "azure"},
            "placement/where",
            "not one of the choices: it can't run there",
            "one of: 'docker'",
        ),
        (
            "odoo",
            {"where": "azure"},
            "placement",
            "its filestore needs a POSIX file system, and Container Apps has none that is safe (SMB)",
            "placement: {where: docker, host: …}",
        ),
        (
            "storage",
            {"where": "docker"},
            "placement",
            "'docker' is not a place where it can run",
            "where: one of 'azure', 'r2'",
        ),
        ("metabase", {"where": "docker"}, "placement/host", "missing", "add it (On which one of smarteros:hosts)"),
    ],
)
def test_a_service_on_a_place_that_cannot_run_it_is_refused(
    service: str, changed: dict[str, Any], path: str, why: str, mend: str
) -> None:
    """With the path into the file, the reason and the mend."""
    values = prod_config()
    given = {**values["services"].get(service, {}), "placement": changed}
    services = {**values["services"], service: given}
    settings, problems = read_settings(
        "prod", {**values, "services": services, "profile": "custom"}, "Pulumi.prod.yaml"
    )
    assert settings is None
    found = {(one.path, one.why, one.mend) for one in problems}
    assert (f"smarteros:services/{service}/{path}", why, mend) in found, found


def test_a_queue_is_refused_where_there_is_no_redis_at_all() -> None:
    """Neither one beside it nor one for it alone."""

    class Dry(OnDocker):
        """A host without any Redis."""

        called: ClassVar[str] = "a dry place"
        shares_redis: ClassVar[bool] = False

    services = SmarterOSServices.model_validate(prod_config()["services"])
    assert services.n8n is not None
    mode = type(services.n8n).model_validate({**prod_config()["services"]["n8n"], "mode": {"kind": "queue"}}).mode
    dry = Dry.model_construct(where="docker", host="vps")
    moved = services.model_copy(update={"n8n": services.n8n.model_copy(update={"mode": mode, "placement": dry})})
    found = [(path, why) for path, _, why, _ in queues(moved) if path[1] == "n8n"]
    assert found == [(("services", "n8n", "placement", "host"), "it needs Redis, and a dry place has none")]


def test_a_place_is_narrowed_to_its_own_kind_alone() -> None:
    """A placement that is handed another's is a mistake of the program."""
    docker = DockerPostgres.model_validate({"where": "docker", "host": "vps"})
    assert narrowed(DockerPostgres, docker) is docker
    with pytest.raises(TypeError, match="docker is no AzurePostgres"):
        narrowed(AzurePostgres, docker)


def test_what_a_kind_does_not_say_it_cannot() -> None:
    """A new kind begins with nothing."""
    said = Place.model_construct(where="new")
    assert (said.machine, said.private_network, said.exactly) == (None, None, ("where", "new"))
    said_to = (said.needs_reverse_proxy, said.shares_redis, said.runs_queues, said.overlaps_updates)
    assert not any(said_to)
    assert OnAzure.model_validate({"where": "azure"}).size_problem(0.3, 100) is not None
    assert said.size_problem(0.3, 100) is None


def test_a_plain_kind_in_a_field_is_its_only_one() -> None:
    """The reverse proxy reads Docker's API: it says the kind itself."""
    (traefik,) = SmarterOSServices.kinds_of("traefik")
    assert places_of(traefik) == ("docker",)


def test_a_field_takes_an_object_as_well_as_a_file() -> None:
    """As every field of pydantic."""

    class Holder(Setting):
        """Has a place."""

        at: Annotated[ContainerPlace, Accepts(ContainerPlace)] = Field(description="Where")

    here = OnDocker.model_validate({"where": "docker", "host": "vps"})
    assert Holder(at=here).at == here
    assert Holder.model_validate(Holder(at=here).model_dump(by_alias=True)).at == here
