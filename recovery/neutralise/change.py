"""What is changed in the copy of an application's database, as values: nothing here runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["MAIL_DOMAIN", "Added", "Application", "Change", "Emptied", "Set", "mail", "person", "phone", "random_text"]

MAIL_DOMAIN = "example.invalid"
"""No mail is ever delivered there (RFC 2606)."""


def person(row: str = "id") -> str:
    """SQL: a name for whoever is meant, the same in every table that numbers him so."""
    return f"'Persona ' || {row}"


def mail(row: str = "id", who: str = "persona") -> str:
    """SQL: an address of his at which nobody is."""
    return f"'{who}-' || {row} || '@{MAIL_DOMAIN}'"


def phone(row: str = "id") -> str:
    """SQL: a number in the international form below a country code that is nobody's (ITU-T E.164: 999 is reserved)."""
    return f"'+999' || lpad(({row})::text, 8, '0')"


def random_text() -> str:
    """SQL: what nobody knows, another one in each row."""
    return "replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')"


@dataclass(frozen=True, kw_only=True)
class Set:
    """Columns get other values."""

    table: str
    to: Mapping[str, str]
    """Column → SQL expression. Each must be there."""
    where: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    """Likewise, of columns that not every version has."""
    why: str
    source: str
    needed: bool = True
    """Whether the table must be there: without it the schema is of an unknown version, and nothing is changed."""


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """Rows go."""

    table: str
    where: str = ""
    why: str
    source: str
    needed: bool = True


@dataclass(frozen=True, kw_only=True)
class Added:
    """A row comes: what tells the application that it is a copy."""

    table: str
    sql: str
    why: str
    source: str
    needed: bool = True


Change = Set | Emptied | Added


@dataclass(frozen=True, kw_only=True)
class Application:
    """What makes a copy of one application's database harmless."""

    name: str
    """The service's."""
    marker: str
    """A table that is there wherever the application has prepared its database."""
    changes: tuple[Change, ...]
    none_left: Mapping[str, str]
    """What must not be there afterwards → SELECT that has a row where it is."""
    stays: tuple[str, ...]
    """What is not changed, for whoever lets others see the copy."""
    sealed: Mapping[str, str] = field(default_factory=dict)
    """Parameter of the expressions → text that is encrypted with the application's own key and put there."""
    cipher: str = ""
    secret: str = ""
    """How, and with which secret of the service."""
