"""The DNS zone at Cloudflare: every record, as its API lists them, those too that nobody's program made (mail, proofs
of who owns the domain), which no `./smos up` brings back.

A restore compares with the zone as it is and makes what is missing again. What is there otherwise stays: an address of
today must not become one of yesterday, where a machine has moved since.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.identities import means_of
from deploy.json_api import NoAnswer, asked
from deploy.target import keeps_in
from kept import Damaged, parsed
from recovery.manifest import Digests, Kind, Part
from recovery.sources.source import Captured, Context, NotRestorable, SourceFailed
from settings.expected import expected_secrets

__all__ = ["FILE", "ZoneSource", "missing", "source_of", "sources"]

FILE = "zone.json"
PAGE, MOST_PAGES = 100, 100
_OF_A_RECORD = ("type", "name", "content", "ttl", "proxied", "priority", "data", "comment")
_MEND = "Fix: the same command again; the token of Cloudflare may read DNS (./smos doctor)"


@dataclass(frozen=True)
class ZoneSource:
    """The zone of an environment."""

    domain: str = "cloudflare"
    kind: Kind = "zone"
    service: str = ""
    tenant: str = ""
    name: str = "zone:zone"

    @contextlib.contextmanager
    def capture(self, ctx: Context, folder: Path) -> Iterator[Captured]:
        """All records."""
        taken_at = datetime.datetime.now(datetime.UTC)
        records = _listed(ctx)
        file = folder / FILE
        file.touch(mode=0o600)
        file.write_text(json.dumps(records, sort_keys=True, indent=1), encoding="utf-8")
        facts = {"zone": ctx.settings.cloudflare.zone_id if ctx.settings.cloudflare else ""}
        yield Captured(taken_at=taken_at, digests=lambda: _digests(records), facts=facts)

    def restore_beside(self, ctx: Context, folder: Path, part: Part, name: str) -> None:
        """A file of this machine: a zone has no place beside itself."""
        aside = _aside(ctx, name)
        aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = aside.with_suffix(".part")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_bytes((folder / FILE).read_bytes())
        draft.replace(aside)

    def check(self, ctx: Context, part: Part, name: str) -> list[str]:
        """Every record of the file."""
        try:
            return part.digests.differences(_digests(parsed(_aside(ctx, name), _MEND)))
        except (Damaged, FileNotFoundError, TypeError, AttributeError) as error:
            return [f"what came back is no zone: {error}"]

    def put_in_place(self, ctx: Context, part: Part, name: str) -> str:
        """Makes the records that are missing. Nothing is replaced, so nothing is left aside."""
        wanted = parsed(_aside(ctx, name), _MEND)
        for record in missing(wanted, _listed(ctx)):
            ctx.say(f"zone: {record['type']} {record['name']} is missing: made again")
            self._made(ctx, record)
        _aside(ctx, name).unlink(missing_ok=True)
        return ""

    def remove_old(self, ctx: Context, old: str) -> None:
        """Nothing is left aside."""
        raise NotRestorable(f"{self.name}: {old} is nothing that a restore left aside. Nothing was removed")

    def _made(self, ctx: Context, record: dict[str, Any]) -> None:
        content = {name: value for name, value in record.items() if value is not None}
        try:
            asked(_records(ctx), token=_token(ctx), body=content)
        except NoAnswer as error:
            raise SourceFailed(f"{self.name}: {record['type']} {record['name']}: {error}. {_MEND}") from None


def missing(wanted: Sequence[dict[str, Any]], there: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of a backup whose name has none of their type now."""
    known = {(str(one["type"]), str(one["name"]).lower()) for one in there}
    return [one for one in wanted if (str(one["type"]), str(one["name"]).lower()) not in known]


def _listed(ctx: Context) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for page in range(1, MOST_PAGES + 1):
        try:
            answer = asked(
                f"{_records(ctx)}?{urllib.parse.urlencode({'per_page': PAGE, 'page': page})}", token=_token(ctx)
            )
        except NoAnswer as error:
            raise SourceFailed(f"zone:zone: Cloudflare does not list its records: {error}. {_MEND}") from None
        found += [{name: one.get(name) for name in _OF_A_RECORD} for one in answer.get("result") or []]
        if page >= int((answer.get("result_info") or {}).get("total_pages") or 1):
            break
    else:
        raise SourceFailed(f"zone:zone: it has more than {PAGE * MOST_PAGES} records. Fix: fewer of them")
    return sorted(found, key=lambda one: (str(one["name"]), str(one["type"]), str(one["content"])))


def _digests(records: Sequence[dict[str, Any]]) -> Digests:
    lines: dict[str, list[str]] = {}
    for one in records:
        lines.setdefault(f"{one['type']} {one['name']}", []).append(json.dumps(one, sort_keys=True))
    contents = {name: hashlib.sha256("\n".join(sorted(some)).encode()).hexdigest() for name, some in lines.items()}
    return Digests(rows={"records": len(records)}, contents=contents)


def _records(ctx: Context) -> str:
    if ctx.settings.cloudflare is None:
        raise SourceFailed("zone:zone: the settings name no zone. Fix: smarteros:cloudflare")
    return f"{means_of(ctx.place, ctx.settings).cloudflare}/zones/{ctx.settings.cloudflare.zone_id}/dns_records"


def _token(ctx: Context) -> str:
    wanted = next(one for one in expected_secrets(ctx.settings) if one.name == "cloudflare_api_token")
    return ctx.keyring.get(wanted.entry)


def _aside(ctx: Context, name: str) -> Path:
    return keeps_in(ctx.place.target) / "recovery" / "zone" / f"{name}.json"


def source_of(ctx: Context, part: Part) -> ZoneSource | None:
    """That of a part of this kind."""
    return ZoneSource() if part.kind == "zone" else None


def sources(ctx: Context) -> Sequence[ZoneSource]:
    """The environment's, where its names are at Cloudflare."""
    return (ZoneSource(),) if ctx.settings.cloudflare is not None and ctx.settings.own_machine is None else ()
