"""All of a tenant that an archive holds, read and put back. What there is, and where it is kept, its steps say."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tenants.archive.content import Content
from tenants.model import Tenant
from tenants.session import PlatformSession
from tenants.steps import archived_parts
from tenants.steps.step import ArchivedPart, PartStore, Step

__all__ = ["Parts", "differences", "parts_of"]

_EMPTY = {"tables": {}, "rows": {}, "redisKeys": 0, "redis": "", "secrets": ""}
"""What `content` says of parts that are not there."""


@dataclass(frozen=True)
class Parts:
    """Of one tenant, each step's part of an archive, and its store: None where this tenant or platform has no place."""

    stores: tuple[tuple[ArchivedPart, PartStore | None], ...]

    def dump(self) -> tuple[dict[str, bytes], Content, dict[str, Any]]:
        """File → content; what is in it; and what the manifest says of it besides."""
        files: dict[str, bytes] = {}
        about: dict[str, Any] = {}
        content: list[Mapping[str, Any]] = []
        for part, store in self._there():
            dump = store.dump()
            files[part.file] = dump.file
            content.append(dump.content)
            about |= dump.about
        return files, _content(content), about

    def restore(self, files: Mapping[str, bytes]) -> list[str]:
        """Puts them back; the files that there is no place for. What none of them may have in it is refused first."""
        checked = {part.file: part.checked(files[part.file]) for part, _ in self.stores if part.file in files}
        for part, store in self._there():
            if part.file in checked:
                store.restore(checked[part.file])
        return [part.file for part, store in self.stores if store is None and part.file in files]

    def content(self) -> Content:
        """What is in the tenant now."""
        return _content(store.content() for _, store in self._there())

    def _there(self) -> Iterator[tuple[ArchivedPart, PartStore]]:
        return ((part, store) for part, store in self.stores if store is not None)


@contextlib.contextmanager
def parts_of(session: PlatformSession, tenant: Tenant) -> Iterator[Parts]:
    """The parts of one tenant, reached for the block."""
    with contextlib.ExitStack() as stack:
        yield Parts(tuple((part, stack.enter_context(part.reached(session, tenant))) for _, part in archived_parts()))


def differences(found: Content, wanted: Content) -> Iterator[str]:
    """What is not as an archive says, step by step. What is missing on one side had no place there."""
    for step, part in archived_parts():
        if part.differs is not None:
            why = part.differs(found, wanted)
        else:
            now, then = (_checksum(content, step, part) for content in (found, wanted))
            named = part.field or step.name
            why = f"what is in {named} is not as in the archive" if now and then and now != then else ""
        if why:
            yield why


def _checksum(content: Content, step: Step, part: ArchivedPart) -> str:
    return str(getattr(content, part.field)) if part.field else content.steps.get(step.name, "")


def _content(said: Iterable[Mapping[str, Any]]) -> Content:
    together: dict[str, Any] = dict(_EMPTY)
    for one in said:
        steps = {**together.get("steps", {}), **one.get("steps", {})}
        together |= {**one, "steps": steps}
    return Content.model_validate(together)
