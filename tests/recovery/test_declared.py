"""Every service that keeps data says what it must be asked after a restore, or why there is nothing to ask."""

from __future__ import annotations

import re

import pytest

from recovery.drill.declared import recovery_of, service_types
from recovery.neutralise.applying import APPLICATIONS
from settings.secrets import Secret
from settings.services.recovery import Decrypted, FilesThere, LogsIn, NoneWrong, NothingKept, Recovery, Written
from settings.systems import SYSTEMS

KEYS = [(name, key) for name, system in SYSTEMS.items() for key in system.services.model_fields]
DECLARED = [
    (f"{key}: {check.name}", kind, check)
    for name, key in KEYS
    for kind in service_types(name, key)
    if isinstance(kind.recovery, Recovery)
    for check in kind.recovery.checks
]


@pytest.mark.parametrize(("name", "key"), KEYS)
def test_whoever_has_a_database_says_what_to_ask(name: str, key: str) -> None:
    """A proof would pass over the one that doesn't. The guard's holds functions alone, made anew by looking."""
    for kind in service_types(name, key):
        if "database" in kind.model_fields and key != "guard":
            assert isinstance(kind.recovery, Recovery | NothingKept), f"{kind.__name__}: what must it be asked?"


@pytest.mark.parametrize(("_", "kind", "check"), DECLARED, ids=[one[0] for one in DECLARED])
def test_a_question_is_whole(_: str, kind: type, check: object) -> None:
    """It has its source, asks without writing but where it says so, and names secrets that the service has."""
    assert isinstance(check, NoneWrong | Decrypted | LogsIn | Written | FilesThere)
    assert check.source
    assert re.fullmatch(r"[a-z0-9-]+", check.name)
    if not isinstance(check, Written):
        assert check.sql.lstrip().upper().startswith("SELECT")
    secrets: tuple[Secret, ...] = getattr(kind, "secrets", ())
    wanted = check.secrets if isinstance(check, Decrypted) else (check.secret,) if isinstance(check, LogsIn) else ()
    assert set(wanted) <= {one.name for one in secrets}


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda one: one.name)
def test_what_is_neutralised_is_a_service(application: object) -> None:
    """By its key, and its secret is one of that service."""
    name, secret = application.name, application.secret  # type: ignore[attr-defined]  # an Application
    (kind,) = (one for one in service_types("smarteros", name) if isinstance(one.recovery, Recovery))
    assert recovery_of("smarteros", name) is not None
    assert not secret or secret in {one.name for one in kind.secrets}
