"""The files of the tenants: read, checked against each other, and written. Several folders may lie over each other.

The last folder is the one that is written to: a simulated run writes into a folder of its sandbox, which lies over the
tracked one, and a file there stands in for the tracked one of the same name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from settings.explained import explained
from settings.problems import Problem, SettingsError, did_you_mean, shown
from tenants import tenant_file
from tenants.model import State, Tenant, excesses, slug_fault, slug_of
from tenants.tenant_file import Unreadable
from tenants.unique import unique_to

__all__ = ["FOLDER", "Entry", "Registry", "RegistryError", "parsed", "text_of"]

FOLDER = "tenants/registry"
GONE = ".gone"
"""Beside a file that lies over another: the one below it counts no more."""
_KEYS = {str(field.alias): field for field in Tenant.model_fields.values()}


class RegistryError(SettingsError):
    """A tenant's data, or the registry as a whole, can't be used; nothing was written or started."""

    in_what = "tenants; nothing was written"


@dataclass(frozen=True)
class Entry:
    """A tenant and its file."""

    tenant: Tenant
    file: Path


class Registry:
    """The tenants of a zone. Reads its folders once. A file with a mistake stops its own tenant, and no other."""

    def __init__(self, folders: Sequence[Path], zone: str, taken: Mapping[str, str] | None = None) -> None:
        """`taken`: the names in the zone that the platform's own services have, and in which file each stands."""
        self._taken = dict(taken or {})
        self._folders = tuple(folders)
        self._zone = zone
        self._broken: dict[str, list[Problem]] = {}
        self._texts: dict[str, str | None] = {}
        found: list[Entry] = []
        for file in _files(self._folders):
            tenant, text, problems = _read(file, zone)
            problems += self._platforms(tenant) if tenant is not None else []
            if problems:
                self._broken.setdefault(file.stem, []).extend(problems)
                self._texts[file.name] = text
            if tenant is not None:
                found.append(Entry(tenant, file))
        for problem in _twice([(entry.tenant, _name(entry.tenant.slug)) for entry in found]):
            self._broken.setdefault(Path(problem.file).stem, []).append(problem)
        self._every = found
        self._entries = [one for one in found if one.tenant.slug not in self._broken]

    @property
    def entries(self) -> list[Entry]:
        """The tenants whose files have no mistake, by slug. The others: `left_out`."""
        return self._entries

    @property
    def left_out(self) -> Mapping[str, Sequence[Problem]]:
        """By the file's name: why its tenant can't be worked on."""
        return self._broken

    @property
    def problems(self) -> list[Problem]:
        """Every mistake in every file."""
        return [problem for name in sorted(self._broken) for problem in self._broken[name]]

    @property
    def slugs(self) -> frozenset[str]:
        """Every tenant that has a file, also one with a mistake: what is called so is that one's."""
        return frozenset((*(entry.tenant.slug for entry in self._entries), *self._broken))

    def find(self, slug: str) -> Entry:
        """The tenant of that slug. Raises RegistryError, with what is wrong with its file."""
        if slug in self._broken:
            raise RegistryError(self._broken[slug])
        for entry in self._entries:
            if entry.tenant.slug == slug:
                return entry
        mend = did_you_mean(slug, self.slugs)
        raise RegistryError([Problem(_name(slug), "", "", "there is no such file", mend)])

    def check(self, values: Mapping[str, Any]) -> tuple[Tenant, bool]:
        """The tenant that `add` would make of these values, and whether it is new. Raises RegistryError otherwise."""
        slug = slug_of(values.get("domain", ""))
        name = _name(slug if slug_fault(slug) is None else "(new)")
        tenant, problems = parsed(values, name, self._zone)
        if tenant is None:
            raise RegistryError(problems)
        clashes = [*self._platforms(tenant), *self._claimed(tenant)]
        if clashes:
            raise RegistryError(clashes)
        others = [(entry.tenant, _name(entry.tenant.slug)) for entry in self._every]
        existing = next((one for one, _ in others if one.slug == tenant.slug), None)
        if existing == tenant:
            return tenant, False
        if existing is not None:
            why = f"this tenant exists with other data: {existing.rut}, {existing.name}"
            mend = f"edit that file, then: ./smos tenant apply {tenant.slug}"
            raise RegistryError([Problem(name, "", "", why, mend)])
        clashes = [problem for problem in _twice([*others, (tenant, name)]) if problem.file == name]
        if clashes:
            raise RegistryError(clashes)
        return tenant, True

    def check_domain(self, domain: str) -> None:
        """Whether a new tenant may be called so. Raises RegistryError, of that alone."""
        name = _name(slug_of(domain) if slug_fault(slug_of(domain)) is None else "(new)")
        _, problems = parsed({"domain": domain}, name, self._zone)
        if wrong := [one for one in problems if one.path == "domain"]:
            raise RegistryError(wrong)

    def add(self, values: Mapping[str, Any]) -> tuple[Tenant, bool]:
        """Writes a new tenant's file: the tenant, and whether it was written (False: it was there, just so).

        Raises RegistryError, and writes nothing, when a value is wrong or something of it is another tenant's.
        """
        tenant, new = self.check(values)
        if new:
            tenant_file.write(self.file_of(tenant), text_of(tenant))
            (self._folders[-1] / f"{tenant.slug}{GONE}").unlink(missing_ok=True)
        return tenant, new

    def set_state(self, slug: str, state: State) -> bool:
        """Writes another state into a tenant's file; whether it was another. A tracked file of a simulated run stays as
        it is: the changed one lies over it.
        """
        entry = self.find(slug)
        if entry.tenant.state == state:
            return False
        name = _name(slug)
        try:
            changed = tenant_file.with_state(tenant_file.read(entry.file, name), state, name)
        except Unreadable as error:
            raise RegistryError([error.problem]) from None
        again, problems = parsed(tenant_file.values_of(changed, name), name, self._zone)
        if again != entry.tenant.model_copy(update={"state": state}):
            why = "the file was changed meanwhile, or reads differently with another state; nothing was written"
            raise RegistryError(problems or [Problem(name, "state", "", why, f"write state: {state} into it by hand")])
        tenant_file.write(self.file_of(entry.tenant), changed)
        return True

    def remove(self, slug: str) -> str:
        """Takes a tenant's file out of the registry: its text. In a simulated run a tracked file stays, hidden."""
        entry, top = self.find(slug), self._folders[-1]
        text = tenant_file.read(entry.file, _name(slug))
        if len(self._folders) > 1:
            top.mkdir(parents=True, exist_ok=True)
            (top / f"{slug}{GONE}").touch()
        (top / f"{slug}.yaml").unlink(missing_ok=True)
        return text

    def _claimed(self, tenant: Tenant) -> Iterator[Problem]:
        """What a file with a mistake holds may be its tenant's already: no new tenant gets it meanwhile."""
        name = _name(tenant.slug)
        if tenant.slug in self._broken:
            yield from self._broken[tenant.slug]
        for file, text in self._texts.items():
            mend = f"mend {FOLDER}/{file} first: ./smos tenant list says what is wrong with it"
            if text is None:
                yield Problem(name, "", "", f"{FOLDER}/{file} can't be read: what is its tenant's is not known", mend)
                continue
            held = text.lower().replace(".", "")
            for kind, path, value in unique_to(tenant):
                if value.lower().replace(".", "") in held:
                    yield Problem(
                        name, path, shown(value), f"{FOLDER}/{file}, which has a mistake, holds this {kind}", mend
                    )

    def _platforms(self, tenant: Tenant) -> list[Problem]:
        """A tenant at the name of one of the platform's services would take its requests, or get none."""
        where = self._taken.get(tenant.slug)
        if where is None:
            return []
        why = f"the slug {tenant.slug!r} is the platform's own: a host name in {where}"
        mend = "another first label of the domain, as in acme"
        return [Problem(_name(tenant.slug), "domain", shown(tenant.domain), why, mend)]

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the files are; the last one lies over the others."""
        return self._folders

    def file_of(self, tenant: Tenant) -> Path:
        """Where a new tenant's file is written."""
        return self._folders[-1] / f"{tenant.slug}.yaml"


def parsed(values: object, name: str, zone: str) -> tuple[Tenant | None, list[Problem]]:
    """The tenant that these values describe, or every mistake in them."""
    if not isinstance(values, Mapping):
        return None, [Problem(name, "", "", "not a mapping of keys to values", f"the keys {', '.join(_KEYS)}")]
    try:
        tenant = Tenant.model_validate(dict(values))
    except ValidationError as error:
        problems = [explained(Tenant, name, details, values) for details in error.errors()]
        bad = {problem.path for problem in problems}
        domain = values.get("domain")
        outside = [] if "domain" in bad or not isinstance(domain, str) else _outside(name, domain, zone)
        return None, [*problems, *outside]
    problems = [*_outside(name, tenant.domain, zone), *_foreign(name, tenant, zone)]
    problems += [Problem(name, path, shown(value), why, mend) for path, value, why, mend in excesses(tenant)]
    return (None, problems) if problems else (tenant, [])


def _foreign(name: str, tenant: Tenant, zone: str) -> Iterator[Problem]:
    """A domain of the tenant's own can't lie in the platform's zone: names there are the platform's to give."""
    for index, domain in enumerate(tenant.domains):
        if domain == zone or domain.endswith(f".{zone}"):
            why = f"this name is in the platform's zone {zone}, where a tenant has one name: its domain"
            yield Problem(name, f"domains/{index}", shown(domain), why, "a domain of the customer's own")


def _name(slug: str) -> str:
    return f"{FOLDER}/{slug}.yaml"


def _files(folders: Iterable[Path]) -> list[Path]:
    """One file a name: that of the last folder which has it, unless a later one says that it is gone."""
    found: dict[str, Path] = {}
    for folder in folders:
        for gone in folder.glob(f"*{GONE}"):
            found.pop(f"{gone.name.removesuffix(GONE)}.yaml", None)
        for file in [*folder.glob("*.yaml"), *folder.glob("*.yml")]:
            found[file.name] = file
    return [found[name] for name in sorted(found)]


def _read(file: Path, zone: str) -> tuple[Tenant | None, str | None, list[Problem]]:
    """The tenant, the text where there is one, and every mistake."""
    name, text = f"{FOLDER}/{file.name}", None
    try:
        text = tenant_file.read(file, name)
        tenant, problems = parsed(tenant_file.values_of(text, name), name, zone)
    except Unreadable as error:
        return None, text, [error.problem]
    if tenant is not None and file.stem != tenant.slug:
        why = f"the file of the tenant with this domain is called {tenant.slug}.yaml"
        mend = f"rename the file to {tenant.slug}.yaml, or mend the domain"
        return None, text, [Problem(name, "domain", shown(tenant.domain), why, mend)]
    return tenant, text, problems


def _outside(name: str, domain: str, zone: str) -> list[Problem]:
    label = domain.removesuffix(f".{zone}")
    if label != domain and "." not in label:
        return []
    why = f"this name is outside the zone {zone}"
    if label != domain:
        why = f"the zone's certificates cover one level of names below {zone} only"
    slug = slug_of(domain)
    example = f"{slug}.{zone}" if slug_fault(slug) is None else f"acme.{zone}"
    return [Problem(name, "domain", shown(domain), why, f"as in {example}")]


def _twice(tenants: Sequence[tuple[Tenant, str]]) -> Iterator[Problem]:
    """Two tenants with one RUT, one domain, one number or one shop: of both, since whose it is can't be told."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    mend = "one file a tenant: remove or mend one of the two"
    for tenant, name in tenants:
        for kind, path, value in unique_to(tenant):
            holder, theirs = first.setdefault((kind, value), (name, path))
            if holder != name:
                yield Problem(name, path, shown(value), f"{holder} has this {kind} already", mend)
                yield Problem(holder, theirs, shown(value), f"{name} has this {kind}, too", mend)


def text_of(tenant: Tenant) -> str:
    """A tenant's file, with what differs from the defaults."""
    values = {"rut": tenant.rut, "name": tenant.name, "domain": tenant.domain, "state": tenant.state}
    values |= tenant.model_dump(by_alias=True, mode="json", exclude_defaults=True, exclude_none=True)
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1000)
