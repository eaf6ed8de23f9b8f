"""Which tenants are known to be unchanged: those whose last good run was on just what is wanted now (their
fingerprint), less than a day ago, and whose state nobody has written since.

What is known lies beside the state, one note a tenant: which fingerprint, which version of the state, until when. Each
is signed with a key of the keyring and says of which tenant it is, so that a note that somebody made, changed or copied
is not believed. A note is removed before anything of its tenant is begun, and written when that has ended well: of a
run that fails or is killed nothing is known. Whoever is in doubt is asked for real: it costs half a second.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.target import RunTarget
from tenants.beside import Beside, Stack, beside
from tenants.fingerprint import Fingerprints
from tenants.model import Tenant
from tenants.state import outputs_of, resources_of

__all__ = ["GOOD_FOR", "Known", "ends_of", "forget", "forget_all"]

GOOD_FOR = timedelta(hours=24)
BEFORE_AN_END = timedelta(hours=48)
"""So long before a credential in a state ends, its tenant is asked for real: the next run may be what renews it."""
CLOCKS = timedelta(minutes=5)
"""By so much the clocks of two machines may differ."""
ENDS = ("expiration", "expirationTime", "expiresAt", "expiresOn", "expireTime", "validityEndTime", "endDate")
"""What vendors call the time at which a credential ends."""
_SETTLED = ("active", "suspended")
"""Of what a tenant is in between, nothing is known."""
_SECRET_ID, _ROLE = "vault:appRole/authBackendRoleSecretId:", "vault:appRole/authBackendRole:"
_FORM = 1


class Known:
    """What is known of the tenants of one platform. Threads may use it at the same time."""

    def __init__(
        self, where: Beside | None, fingerprints: Fingerprints, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """`where` None: nothing is ever known."""
        self._where = where if fingerprints.key else None
        self.fingerprints, self._now = fingerprints, now

    def unchanged(self, tenants: Mapping[Stack, Tenant]) -> set[str]:
        """The slugs of those of them that are known to be unchanged."""
        if self._where is None:
            return set()
        notes = self._where.notes(tenants)
        believed = {stack: note for stack, text in notes.items() if (note := self._believed(stack, text))}
        wanted = {stack: note for stack, note in believed.items() if self._is_good(note, tenants[stack])}
        versions = self._where.versions(wanted)
        return {stack[1] for stack, note in wanted.items() if note["state"] == versions.get(stack, "")}

    def version(self, stack: Stack) -> str:
        """Of its state; to be asked for before the state is read that is handed to `keep`."""
        return self._where.versions([stack]).get(stack, "") if self._where else ""

    def keep(self, stack: Stack, tenant: Tenant, state: Mapping[str, Any], version: str) -> bool:
        """After a good run: what it has made it. `state`: the deployment of that `version`. False when nothing is kept:
        something of it waits for a human, or ends soon.
        """
        until = self._until(state)
        if self._where is None or not version or tenant.state not in _SETTLED or _waits(state) or until <= self._now():
            return False
        note = {
            "form": _FORM,
            "project": stack[0],
            "tenant": stack[1],
            "fingerprint": self.fingerprints.of(tenant),
            "state": version,
            "at": self._now().isoformat(),
            "until": until.isoformat(),
        }
        self._where.write(stack, json.dumps({**note, "signature": self._signature(note)}).encode())
        return True

    def forget(self, stack: Stack) -> None:
        """Before anything of a tenant is begun, and whenever there is doubt."""
        if self._where is not None:
            self._where.remove(stack)

    def _until(self, state: Mapping[str, Any]) -> datetime:
        ends = [end - BEFORE_AN_END for end in ends_of(state)]
        return min([self._now() + GOOD_FOR, *ends])

    def _believed(self, stack: Stack, text: bytes) -> dict[str, Any]:
        """The note, when it is one that this program has written of that very tenant."""
        try:
            note = dict(json.loads(text))
            given = str(note.pop("signature"))
        except (ValueError, TypeError, KeyError):
            return {}
        mine = hmac.compare_digest(given.encode(), self._signature(note).encode())
        return note if mine and (note.get("form"), note.get("project"), note.get("tenant")) == (_FORM, *stack) else {}

    def _is_good(self, note: Mapping[str, Any], tenant: Tenant) -> bool:
        now, at, until = self._now(), *(datetime.fromisoformat(str(note[name])) for name in ("at", "until"))
        is_time = at - CLOCKS <= now < min(until, at + GOOD_FOR)
        return is_time and hmac.compare_digest(str(note["fingerprint"]), self.fingerprints.of(tenant))

    def _signature(self, note: Mapping[str, Any]) -> str:
        text = json.dumps(note, sort_keys=True)
        return hmac.new(self.fingerprints.key, f"note\0{text}".encode(), hashlib.sha256).hexdigest()


def forget(place: RunTarget, stack: Stack) -> None:
    """Of one tenant, where its platform is not at hand."""
    where = beside(place)
    if where is not None:
        where.remove(stack)


def forget_all(place: RunTarget) -> None:
    """Of every tenant: what they stand on is no more what it was."""
    where = beside(place)
    if where is not None:
        where.remove_all()


def ends_of(state: Mapping[str, Any]) -> Iterator[datetime]:
    """When what is in a state ends, by what the vendors say of it. A time that can't be read ends now."""
    resources = resources_of(state)
    for one in resources:
        if str(one.get("type", "")).startswith(_SECRET_ID):
            yield from _secret_id_ends(one, resources)
        for name in ENDS:
            said = (one.get("outputs") or {}).get(name)
            if said:
                yield _time(said)


def _secret_id_ends(one: Mapping[str, Any], resources: Iterable[Mapping[str, Any]]) -> Iterator[datetime]:
    """A secret id of an AppRole lives as long as it or its role says, else for ever; until when, nobody says."""
    roles = [other.get("outputs") or {} for other in resources if str(other.get("type", "")).startswith(_ROLE)]
    lives = [(one.get("outputs") or {}).get("ttl"), *(role.get("secretIdTtl") for role in roles)]
    if any(lives):
        yield _time(one.get("created")) + timedelta(seconds=min(float(found) for found in lives if found))


def _time(said: object) -> datetime:
    try:
        if isinstance(said, int | float):
            return datetime.fromtimestamp(said, UTC)
        found = datetime.fromisoformat(str(said))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.min.replace(tzinfo=UTC) + BEFORE_AN_END


def _waits(state: Mapping[str, Any]) -> bool:
    """Whether something of it waits for a human, or was begun and has no end."""
    known = outputs_of(state).get("tenant") or {}
    return not known or bool(known.get("pending")) or bool(state.get("pending_operations"))
