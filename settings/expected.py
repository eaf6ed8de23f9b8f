"""Which secrets an environment calls for: the platform's own, its services', its accounts' and its calls'."""

from __future__ import annotations

from settings.model import Settings
from settings.secrets import OF_SERVICES, PLATFORM_SECRETS, SIGNING_SECRETS, ExpectedSecret, entry_of
from settings.wiring import calls_of, wiring_entry

__all__ = ["expected_secrets"]


def expected_secrets(settings: Settings) -> list[ExpectedSecret]:
    """Every secret that a platform with these settings needs; says nothing about their values."""
    found: list[ExpectedSecret] = []
    alone = settings.own_machine is not None
    for one in PLATFORM_SECRETS:
        if one.only_with and getattr(settings, one.only_with) is None:
            continue
        path = entry_of(one, settings.stack)
        if one.each:
            keys = [getattr(thing, "name", thing) for thing in getattr(settings, one.each)]
            found += [ExpectedSecret(f"{path}/{key}", one.purpose, one.kind, one.name, key) for key in keys]
        else:
            found.append(ExpectedSecret(path, one.purpose, one.kind, one.name))
    for one in SIGNING_SECRETS:
        found.append(ExpectedSecret(entry_of(one, settings.stack, alone=alone), one.purpose, one.kind, one.name))
    for _, service in settings.services.running():
        for one in service.called_for():
            path = entry_of(one, settings.stack, alone=alone)
            found.append(ExpectedSecret(path, one.purpose, one.kind, OF_SERVICES, one.name))
    for _, account in settings.accounts_named():
        for key in account.secrets:
            one, path = key.secret, entry_of(key.secret, settings.stack, alone=alone)
            found.append(ExpectedSecret(path, one.purpose, one.kind, OF_SERVICES, one.name))
    for call in calls_of(settings):
        purpose = f"Signs what {call.caller} sends to {call.callee} ({call.name})"
        found.append(ExpectedSecret(wiring_entry(call, settings), purpose, "password", OF_SERVICES, call.secret))
    return found
