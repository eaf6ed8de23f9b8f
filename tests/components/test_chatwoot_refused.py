"""What Chatwoot can't run with is refused: where it stands, why, and the mend."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest

from settings.reading import read_settings
from tests.components.declared import config_of
from tests.components.test_chatwoot import S3, services


@pytest.mark.parametrize(
    ("changed", "path", "why", "mend"),
    [
        (
            {"memoryMb": 512},
            "services/chatwoot/memoryMb",
            "needs 1024 at least: https://.*requirements",
            "1024 or more",
        ),
        ({"workerMemoryMb": 800}, "services/chatwoot/workerMemoryMb", "Sidekiq can use 1 GB", "1024 or more"),
        ({"mail": None}, "services/chatwoot/mail", "without it nobody is invited", "SMTP server"),
        ({"mail": {"host": "smtp.example.com"}}, "services/chatwoot/mail/user", "missing", "add it"),
        ({"attachments": {"kind": "nfs"}}, "services/chatwoot/attachments", "nfs", "s3"),
        (
            {"attachments": S3 | {"endpoint": "http://s3"}},
            "services/chatwoot/attachments/endpoint",
            "https",
            "https://host",
        ),
        ({"placement": {"where": "azure"}}, "services/chatwoot/placement", "needs a Redis beside it", "where: docker"),
        ({"database": "azure"}, "services/chatwoot/database", r"charts#162", "on its host: vps"),
    ],
)
def test_what_can_not_run_is_refused(changed: dict[str, Any], path: str, why: str, mend: str) -> None:
    """With the path, the reason and the mend."""
    found = problems(services(**changed))
    here = [one for one in found if one.path == f"smarteros:{path}"]
    assert here, [str(one) for one in found]
    assert re.search(why, here[0].why), here[0].why
    assert mend in here[0].mend, here[0].mend


def problems(changed: dict[str, Any], **more: Any) -> list[Any]:
    """What is wrong with prod when it has these services."""
    settings, found = read_settings("prod", config_of("prod") | {"services": changed, **more}, "Pulumi.prod.yaml")
    assert settings is None
    return found


def test_without_redis_on_its_host_it_is_refused() -> None:
    """Its queue is there."""
    without = {key: one for key, one in services().items() if key != "redis"}
    (found,) = [one for one in problems(without) if "chatwoot" in one.path]
    assert (found.path, found.why) == (
        "smarteros:services/chatwoot/placement/host",
        "it needs Redis, and none runs on this host",
    )


def test_a_server_that_offers_too_few_extensions_is_refused() -> None:
    """With what is missing, where it is said."""
    servers = deepcopy(config_of("prod")["databaseServers"])
    servers[1]["extensions"] = ["VECTOR", "PG_TRGM"]
    (found,) = [one for one in problems(services(), databaseServers=servers) if "chatwoot" in one.why]
    assert found.path == "smarteros:databaseServers/1/extensions"
    assert found.why == "services/chatwoot needs PG_STAT_STATEMENTS, PGCRYPTO, too"
    assert found.mend == "add PG_STAT_STATEMENTS, PGCRYPTO"
