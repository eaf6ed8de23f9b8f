"""Nobody owns what nobody made: whoever has a name in the zone has its owner before it has its name, on every place."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import bcrypt
import pytest

from components.services.n8n_owner import password_hash
from settings.services.owner import Answer, Claim, NoOwner, Owner
from settings.services.service import Service
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import Hidden, resolved, secrets_of
from tests.components.placed import CASES, Case
from tests.components.places.azure import APP
from tests.components.places.docker import CONTAINER

RUNNING = [case for case in CASES if case.typed and case.read()[0] is not None]
PUBLIC = [case for case in RUNNING if case.wanted.footprint(case.service) and getattr(case.wanted, "hostname", None)]
OWNED = [case for case in PUBLIC if isinstance(case.wanted.owner, Owner)]


def each(cases: list[Case]) -> pytest.MarkDecorator:
    """A test for each of them."""
    return pytest.mark.parametrize("case", cases, ids=str)


def problems(service: Service, key: str, expected: str, prepared: bool, password: str) -> Iterator[str]:
    """What keeps a public service from having its owner before anybody reaches it: `told` is all that its containers
    are told, `prepared` whether a preparation ends before it starts.
    """
    owner = service.owner
    if isinstance(owner, NoOwner):
        yield from () if owner.because else ("it says that nobody owns it, and not why",)
        return
    if owner is None:
        yield f"{key} has a name in the zone and says of no owner: its first visitor would be one"
        return
    if owner.password not in {one.name for one in service.called_for()}:
        yield f"{key} does not call for its owner's password in the keyring"
    if owner.made == "preparation" and not prepared:
        yield f"{key} says that its preparation makes the owner, and it has none"
    for name in owner.handed_in:
        if not re.search(rf"(?<![A-Za-z0-9_-]){re.escape(name)}(?![A-Za-z0-9_])", expected):
            yield f"{key} does not tell {name}"
    if owner.hashed:
        hashes = re.findall(r"\$2b\$\d{2}\$[./A-Za-z0-9]{53}", expected)
        if not any(bcrypt.checkpw(password.encode()[:72], one.encode()) for one in hashes):
            yield f"{key} is told no hash of its owner's password"
        if password in expected:
            yield f"{key} is told the password as well as its hash"
    elif password not in expected:
        yield f"{key} is not told its owner's password"


def texts(value: Any) -> Iterator[str]:
    """Every text in what is declared, keys included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    else:
        yield str(value)


def of(case: Case) -> tuple[str, bool, str]:
    """All that it is told, whether it is prepared, and its owner's password."""
    given = "\n".join(text for one in case.own() for text in texts(resolved(one.inputs)))
    containers = [one for one in case.own() if one.token == CONTAINER]
    prepared = any(one.name == f"{case.service}-prepare" for one in containers) or any(
        resolved(one.inputs)["template"].get("initContainers") for one in case.own() if one.token == APP
    )
    owner = case.wanted.owner
    values = secrets_of("prod", case.configuration())
    entry = owner.password.split("_") if isinstance(owner, Owner) else []
    camel = entry[0] + "".join(word.capitalize() for word in entry[1:]) if entry else ""
    return given, prepared, values.get(f"shared/{camel}", "")


@each(PUBLIC)
def test_it_has_its_owner_before_anybody_reaches_it(case: Case) -> None:
    """Who he is, made when, with a password of the keyring."""
    assert not list(problems(case.wanted, case.service, *of(case)))


@each(OWNED)
def test_a_service_that_says_nothing_of_an_owner_is_refused(case: Case) -> None:
    """The rule bites on every one: without the word, without the secret, without what tells it."""

    class Silent(type(case.wanted)):  # type: ignore[misc] # made for each class in turn
        owner = None

    given, prepared, password = of(case)
    silent = Silent.model_validate(case.wanted.model_dump(by_alias=True))
    assert list(problems(silent, case.service, given, prepared, password))
    assert list(problems(case.wanted, case.service, "", prepared, password))
    assert list(problems(case.wanted, case.service, given.replace(password, ""), prepared, "Another0ne" * 4))
    owner = case.wanted.owner
    assert isinstance(owner, Owner)
    if owner.made == "preparation":
        assert list(problems(case.wanted, case.service, given, False, password))


@each(OWNED)
def test_the_password_and_its_hash_are_secrets(case: Case) -> None:
    """Neither is anywhere in plain."""
    _, _, password = of(case)
    for one in case.own():
        for text in plain(one.inputs):
            assert password not in text, one.name
            assert not re.search(r"\$2b\$\d{2}\$", text), one.name


def plain(value: Any) -> Iterator[str]:
    """Every text that is inside no secret."""
    if isinstance(value, Hidden):
        return
    if isinstance(value, dict):
        for inner in value.values():
            yield from plain(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from plain(inner)
    else:
        yield str(value)


@each(OWNED)
def test_a_worker_is_not_told_of_the_owner(case: Case) -> None:
    """Only who makes him: another process of the same image needs neither password nor hash."""
    owner = case.wanted.owner
    assert isinstance(owner, Owner)
    for one in case.own():
        if "-worker" in one.name and one.token in (CONTAINER, APP):
            given = "\n".join(texts(resolved(one.inputs)))
            assert not [name for name in owner.handed_in if name in given], one.name


ANSWERS: dict[str, list[tuple[Answer, Claim]]] = {
    "n8n": [
        (Answer(200, body=b'{"data": {"userManagement": {"showSetupOnFirstLoad": true}}}'), "claimable"),
        (Answer(200, body=b'{"data": {"userManagement": {"showSetupOnFirstLoad": false}}}'), "owned"),
        (Answer(200, body=b"<html>"), "unknown"),
        (Answer(503, body=b'{"data": {"userManagement": {"showSetupOnFirstLoad": false}}}'), "unknown"),
    ],
    "chatwoot": [
        (Answer(200, body=b"<html>"), "claimable"),
        (Answer(302, "/"), "owned"),
        (Answer(302, "/installation/onboarding"), "unknown"),
        (Answer(502), "unknown"),
    ],
    "metabase": [
        (Answer(200, body=b'{"has-user-setup": false, "setup-token": "0"}'), "claimable"),
        (Answer(200, body=b'{"has-user-setup": true, "setup-token": null}'), "owned"),
        (Answer(200, body=b"{}"), "unknown"),
    ],
    "botpress": [
        (Answer(200, body=b'{"status": "success", "payload": {"isFirstUser": true}}'), "claimable"),
        (Answer(200, body=b'{"status": "success", "payload": {"isFirstUser": false}}'), "owned"),
        (Answer(200, body=b"[]"), "unknown"),
    ],
    "odoo": [
        (Answer(200, body=b'{"jsonrpc": "2.0", "result": {"uid": 2}}'), "claimable"),
        # A second factor is asked for: the password was right.
        (Answer(200, body=b'{"jsonrpc": "2.0", "result": {"uid": null}}'), "claimable"),
        (
            Answer(200, body=b'{"jsonrpc": "2.0", "error": {"data": {"name": "odoo.exceptions.AccessDenied"}}}'),
            "owned",
        ),
        (Answer(200, body=b'{"jsonrpc": "2.0", "error": {"data": {"name": "KeyError"}}}'), "unknown"),
        (Answer(500, body=b"Internal Server Error"), "unknown"),
    ],
    "mcp": [
        (Answer(200, body=b'{"access_token": "x"}'), "claimable"),
        (Answer(401), "owned"),
        (Answer(404), "unknown"),
    ],
}


def _asked() -> dict[str, Owner]:
    return {case.service: owner for case in RUNNING if isinstance(owner := case.wanted.owner, Owner)}


def test_every_question_has_its_answers_here() -> None:
    """A service that comes later brings its own."""
    assert ANSWERS.keys() == _asked().keys() <= SmarterOSServices.model_fields.keys()


@pytest.mark.parametrize(
    ("service", "answer", "claim"),
    [(service, answer, claim) for service, rows in ANSWERS.items() for answer, claim in rows],
)
def test_an_answer_means_what_its_vendor_means(service: str, answer: Answer, claim: Claim) -> None:
    """And what is none of its answers is taken for neither."""
    assert _asked()[service].question.means(answer) == claim


@pytest.mark.parametrize("status", [404, 401])
def test_n8ns_measures_are_nobodys(status: int) -> None:
    """Answered, they are a hole like the other."""
    (measures,) = _asked()["n8n"].closed
    assert measures.path == "/metrics"
    assert measures.means(Answer(status)) == "owned"
    assert measures.means(Answer(200, body=b"# HELP")) == "claimable"


def test_the_hash_is_the_same_in_every_run_and_nothing_of_the_password_is_in_its_salt() -> None:
    """Or n8n would be made anew each time; and the salt hangs on a key that whoever sees the hash has not."""
    one = password_hash("Passw0rd" * 5, "key", "a@example.com")
    assert one == password_hash("Passw0rd" * 5, "key", "A@example.com")
    other = password_hash("An0therOne" * 5, "key", "a@example.com")
    assert one[:29] == other[:29], "the salt hangs on the key alone"
    assert one[29:] != other[29:]
    assert one[:29] != password_hash("Passw0rd" * 5, "another key", "a@example.com")[:29]


def test_a_long_password_is_read_as_n8n_reads_it() -> None:
    """bcrypt reads 72 bytes; n8n's compares no more, and today's library of Python refuses what is longer."""
    long = "aB3" * 33
    made = password_hash(long, "key", "a@example.com")
    assert re.fullmatch(r"\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}", made)
    assert bcrypt.checkpw(long.encode()[:72], made.encode())


def test_owners_are_frozen() -> None:
    """A declaration is not changed by whoever reads it."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        _asked()["n8n"].made = "preparation"  # type: ignore[misc] # that is what is tried
