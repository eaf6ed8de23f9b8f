"""An import asks for room on the server's disk before anything of it is made."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tenants.archive.manifest import ArchiveBroken, Part
from tenants.archive.room import least_mb, refuse_no_room_on_disk
from tenants.model import Tenant
from tenants.session import PlatformSession
from tests.isolation.neighbours import Neighbours, neighbours
from tests.isolation.test_end_of_life import server_of, word

ACME = Tenant.model_validate({"rut": "12345678-5", "name": "Acme", "domain": "acme.example.com"})
GB = 1024**3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    with neighbours(tmp_path_factory.mktemp("pg") / "server", managed=False) as found:
        yield found


def session(server: Neighbours, disk_gb: int) -> PlatformSession:
    """A host with that disk."""
    settings = SimpleNamespace(
        database_server=lambda _: SimpleNamespace(placement=SimpleNamespace(own_disk_gb=None, machine="vps")),
        hosts=[SimpleNamespace(name="vps", disk_gb=disk_gb)],
    )
    platform = SimpleNamespace(server=server_of(server))
    return cast(
        PlatformSession,
        SimpleNamespace(
            settings=settings, platform=platform, secrets=SimpleNamespace(provisioner_password=word(server))
        ),
    )


def parts(**sizes: int) -> dict[str, Part]:
    return {f"{name}.sql": Part(sha256="0" * 64, size=size) for name, size in sizes.items()}


def test_what_the_server_has_no_room_for_is_refused_before_anything(server: Neighbours) -> None:
    """By what its databases fill already, and a quarter of the archive's text, which is longer than rows are."""
    said: list[str] = []
    fits = parts(database=3 * GB, n8n=1 * GB)
    assert least_mb({**fits, "redis.jsonl": Part(sha256="0" * 64, size=9 * GB)}) == 1024
    refuse_no_room_on_disk(session(server, 10), ACME, fits, said.append)
    assert said == []
    with pytest.raises(ArchiveBroken, match=r"of the 1024 MB of the server vps .* fill \d\d+ MB. Nothing was made"):
        refuse_no_room_on_disk(session(server, 1), ACME, fits, said.append)


def test_what_is_over_the_quota_is_said(server: Neighbours) -> None:
    """Not refused: it may fill less in the database, and the guard judges by that."""
    said: list[str] = []
    refuse_no_room_on_disk(session(server, 100), ACME, parts(database=12 * GB), said.append)
    assert "will fill 3072 MB at least, and the quota of acme is 2048 MB" in said[0]


def test_a_server_that_cannot_be_asked_refuses_nothing(server: Neighbours) -> None:
    """The import fails at it by itself."""
    wrong: Any = session(server, 1)
    wrong.secrets.provisioner_password = "another"
    refuse_no_room_on_disk(wrong, ACME, parts(database=4 * GB), lambda _: None)
