"""Whatever a tenant or an archive can write: each parser of it ends with a value or with the product's own words, in
bounded time and memory, and never with another exception.

Three kinds of input each: any bytes; something right in which bytes were changed, cut or doubled; and documents of the
right form with wrong values in them.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyrage
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from age_keyring import Identity, Keyring, KeyringError, Recipient
from age_keyring.header import check_header
from age_keyring.recipients import read_recipients
from age_keyring.signers import own_key
from age_keyring.signing import SignatureRefused, Statement, opened, signed, signer_of
from deploy.vault_api import VaultApi, VaultRefused
from kept import Damaged, mapping
from tenants.archive import file as archive
from tenants.archive.database import _unrestricted
from tenants.archive.manifest import ArchiveBroken, read_manifest
from tenants.archive.secrets import TenantSecretsInVault
from tenants.archive.serials import Serials
from tenants.archive.shelf import Shelf
from tenants.archive.tar import NotPlain, unpacked
from tenants.archive.texts import keys_in, secrets_in, tenant_in
from tenants.names import TenantNames
from tenants.registry import Registry, RegistryError, parsed
from tests.tenants.test_archive_files import IDENTITY, KEY, PARTS, READER, _manifest, _sealed, _tar, _whole

MOST_SECONDS, MOST_TIMES, MOST_MORE = 2.0, 40, 8 << 20
TENANT = b"""rut: 76086428-5
name: Ferreteria
domain: acme.smarterbot.cl
state: active
quotas: {databaseConnections: 3}
domains: [a.cl]
"""
VAULT = b'{"a/b": {"k": "v", "n": [1, null]}, "c": {}}'
REDIS = b'["a2V5", "dg==", 0]\n["b3RybyE=", "AAE=", 3600000]\n'
MANIFEST = _manifest(PARTS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def spoilt(draw: st.DrawFn, whole: bytes) -> bytes:
    """Something right of which bytes were changed, cut out, doubled, or put in."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        length = draw(st.integers(0, min(64, len(content) - at)))
        piece = draw(st.binary(max_size=16) | st.just(bytes(content[at : at + length]) * 2))
        content[at : at + length] = piece
    return bytes(content)


def like(*whole: bytes) -> st.SearchStrategy[bytes]:
    """Any bytes, spoilt right ones, and any JSON."""
    texts = JSON.map(lambda value: json.dumps(value).encode())
    return st.one_of(st.binary(max_size=600), texts, *(spoilt(one) for one in whole))


def in_words(parse: Callable[[], object], *errors: type[Exception], size: int = 0) -> None:
    """Ends with a value or one of these errors, which says something; soon, and without much more room than it has."""
    said = "a value"
    tracemalloc.start()
    begun = time.monotonic()
    try:
        parse()
    except errors as error:
        said = str(error).strip()
    finally:
        took, (_, most) = time.monotonic() - begun, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert 0 < len(said) < 4000
    assert took < MOST_SECONDS
    assert most < MOST_TIMES * size + MOST_MORE


bounded = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
fewer = settings(bounded, max_examples=50)


@bounded
@given(content=like(_tar(_whole()), b"\x1f\x8b" + bytes(40)))
def test_a_tar(content: bytes) -> None:
    """What is in an archive when it is open."""
    in_words(lambda: unpacked(content), NotPlain, size=len(content))


@bounded
@given(content=like(_sealed(_tar(_whole()))), trusted=st.booleans())
def test_an_archives_file(tmp_path: Path, content: bytes, trusted: bool) -> None:
    """Its signature, its statement, age's header; and all of it, also where an operator has typed its checksum."""
    import hashlib

    file = tmp_path / "a.archive"
    file.write_bytes(content)
    trust = hashlib.sha256(content).hexdigest() if trusted else ""
    in_words(lambda: archive.read(file, READER, KEY, trust=trust), ArchiveBroken, size=len(content))


@bounded
@given(plain=like(_tar(_whole())))
def test_what_somebody_has_signed_who_means_harm(tmp_path: Path, plain: bytes) -> None:
    """A right signature over a wrong tar."""
    file = tmp_path / "a.archive"
    file.write_bytes(_sealed(plain))
    in_words(lambda: archive.read(file, READER, KEY), ArchiveBroken, size=len(plain))


@bounded
@given(line=like(json.dumps({"purpose": "archive", "serial": 1}).encode()))
def test_a_statement(line: bytes) -> None:
    """Signed by whom one trusts, in any form."""
    import base64

    from age_keyring.signing import FIRST_LINE, public_of

    signature = base64.b64encode(KEY.sign(b"smarteros\0archive\0" + line))
    content = FIRST_LINE + b"\n" + signature + b"\n" + line + b"\nbody"
    for parse in (
        lambda: opened(content, "archive", [public_of(KEY)]),
        lambda: opened(content[::2], "archive", [public_of(KEY), "ssh-ed25519 nonsense", ""]),
        lambda: signer_of(content, "archive"),
    ):
        in_words(parse, SignatureRefused, size=len(content))


@bounded
@given(content=like(MANIFEST))
@example(content=b'{"format": 1' + b"0" * 5000 + b"}")
@example(content=b"[" * 100_000)
def test_a_manifest(content: bytes) -> None:
    """JSON of any form."""
    in_words(lambda: read_manifest(content, dict(PARTS)), ArchiveBroken, size=len(content))


@bounded
@given(key=st.sampled_from(sorted(json.loads(MANIFEST))), value=JSON)
def test_a_manifest_with_one_wrong_value(key: str, value: Any) -> None:
    """Each key of it in turn."""
    content = json.dumps({**json.loads(MANIFEST), key: value}).encode()
    in_words(lambda: read_manifest(content, dict(PARTS)), ArchiveBroken, size=len(content))


@bounded
@given(content=like(REDIS))
@example(content=b'["a2V5", "dg==", 1e400]\n["a2V5", "dg==", true]')
@example(content=b"[" * 100_000)
def test_keys_of_redis(content: bytes) -> None:
    """One a line."""
    in_words(lambda: keys_in(content), ArchiveBroken, size=len(content))


@bounded
@given(content=like(VAULT))
@example(content=b"[" * 100_000)
def test_secrets_of_vault(content: bytes) -> None:
    """Whatever is taken leads nowhere out of the mount, and is none of the steps' own."""

    def parse() -> None:
        for path in secrets_in(content):
            assert not {"", ".", ".."} & set(path.split("/"))
            assert path not in ("database", "redis")

    in_words(parse, ArchiveBroken, size=len(content))


@pytest.mark.parametrize(
    "path", ["../x", "a/../../sys/policies", "a//b", "/a", "a/", "", ".", "a?b", "a#b", "a%2e", "database", "redis"]
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    """By a token that has every tenant's mount, what an archive names is written."""
    with pytest.raises(ArchiveBroken, match=r"vault\.json"):
        secrets_in(json.dumps({path: {"k": "v"}}).encode())


@bounded
@given(content=like(TENANT))
@example(content=b"a: &a [*a]\n")
@example(content=b"a: &a [1]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n")
@example(content=b"[" * 1900)
@example(content=b"[" * 50_000)
@example(content=b"rut: " + b"9" * 10_000 + b"\n")
@example(content=b"rut: 2026-13-45\n")
@example(content=b"? [a]\n: b\n")
@example(content=b"a: !!python/object/apply:os.system [id]\n")
def test_a_tenants_file_in_an_archive(content: bytes) -> None:
    """And what the registry says of its values."""
    in_words(
        lambda: parsed(tenant_in(content), "x.yaml", "smarterbot.cl"), ArchiveBroken, RegistryError, size=len(content)
    )


@fewer
@given(content=like(TENANT))
def test_a_tenants_file(tmp_path: Path, content: bytes) -> None:
    """In the registry, where a pull request brings it."""
    (tmp_path / "acme.yaml").write_bytes(content)
    in_words(lambda: Registry([tmp_path], "smarterbot.cl").entries, RegistryError, size=len(content))


@bounded
@given(content=st.binary(max_size=400) | spoilt(b"--\n\n\\restrict smarteros\n\nSELECT 1;\n\\unrestrict smarteros\n"))
def test_a_dump(content: bytes) -> None:
    """Of the two lines that shut psql's commands off none but those is taken away."""
    left = _unrestricted(content)
    assert len(content) - len(left) <= len(b"\\restrict smarteros\n\\unrestrict smarteros\n")


@fewer
@given(content=like(b'{"prod/acme": {"newest": 3, "imported": [1]}}'))
def test_a_journal_of_numbers(tmp_path: Path, content: bytes) -> None:
    """On the shelf."""
    serials = Serials(tmp_path)
    serials.file.write_bytes(content)
    statement = Statement(purpose="archive", stack="prod", subject="acme", made="", serial=7, signer="")
    in_words(lambda: serials.refuse_old(statement, None), ArchiveBroken, size=len(content))


@fewer
@given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_names_on_the_shelf(tmp_path: Path, name: str) -> None:
    """Of whatever lies there."""
    (tmp_path / f"x{len(list(tmp_path.iterdir()))}-20269999T999999Z.archive").touch()
    try:
        (tmp_path / f"{name}.archive").touch()
    except OSError:
        return
    in_words(lambda: list(Shelf(tmp_path).archives()))


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Keyring, Identity]:
    """A keyring, and whose it is."""
    folder = tmp_path_factory.mktemp("keyring")
    identity = Identity.make(folder / "key.txt")
    keyring = Keyring.create(folder / "keyring.age", [Recipient(identity.public[0], "me")], identity)
    keyring.put("prod/a", "b")
    keyring.save()
    return keyring, identity


@fewer
@given(data=st.data())
def test_a_keyring(mine: tuple[Keyring, Identity], data: st.DataObject) -> None:
    """Its file; what is in it when it is open; and what is in that when it is signed."""
    keyring, identity = mine
    whole = keyring.file.read_bytes()
    text = pyrage.decrypt(whole, list(identity.keys))
    to = [Recipient(identity.public[0], "me").key("")]
    statement = Statement(purpose="keyring", stack="", subject="s", made="2026-01-31T12:00:00Z", serial=1, signer="")
    body = text.split(b"\n", 3)[3]
    content = data.draw(
        like(whole)
        | like(text).map(lambda plain: pyrage.encrypt(plain, to, armored=True))
        | like(body).map(lambda plain: pyrage.encrypt(signed(own_key(identity), statement, plain), to, armored=True))
    )
    file = keyring.file.with_name("other.age")
    file.write_bytes(content)
    in_words(lambda: Keyring.open(file, identity), KeyringError, size=len(content))
    in_words(lambda: Keyring.unproved(file, identity), KeyringError, size=len(content))
    in_words(lambda: check_header(file, keyring.recipients), KeyringError, size=len(content))


@fewer
@given(content=like(b"age1xyz # me\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx # you\n"))
def test_recipients_signers_and_keys(tmp_path: Path, content: bytes) -> None:
    """Files of a line each."""
    file = tmp_path / "keyring.recipients"
    file.write_bytes(content)
    file.chmod(0o600)
    in_words(lambda: read_recipients(file), KeyringError, size=len(content))
    in_words(lambda: Identity.read(file), KeyringError, size=len(content))
    identity = cast(Identity, SimpleNamespace(signing=file))
    in_words(lambda: own_key(identity), KeyringError, size=len(content))


@fewer
@given(content=like(b'{"a": [1]}'))
def test_whatever_was_kept_as_json(tmp_path: Path, content: bytes) -> None:
    """What every reader of kept files stands on."""
    file = tmp_path / "x.json"
    file.write_bytes(content)
    in_words(lambda: mapping(file, "nothing"), Damaged, size=len(content))


def test_the_key_of_this_file_opens_what_it_should() -> None:
    """Else every refusal above would prove nothing."""
    assert (
        pyrage.decrypt(
            bytes(opened(_sealed(b"x"), "archive", [signer_of(_sealed(b"x"), "archive").signer])[1]), [IDENTITY]
        )
        == b"x"
    )


@bounded
@given(content=like(b'{"data": {"keys": ["a"]}}', b'{"errors": ["no"]}'), status=st.sampled_from([200, 404, 503]))
@example(content=b"[" * 100_000, status=200)
def test_what_answers_in_the_place_of_vault(monkeypatch: pytest.MonkeyPatch, content: bytes, status: int) -> None:
    """Whatever listens at the end of a forward."""
    answer = SimpleNamespace(status=status, read=lambda most: content[:most])
    near = SimpleNamespace(request=lambda *_: None, getresponse=lambda: answer, close=lambda: None)
    monkeypatch.setattr("http.client.HTTPConnection", lambda *_, **__: near)
    in_words(lambda: VaultApi(1).ask("GET", "x"), VaultRefused, size=len(content))


@pytest.mark.parametrize("lives_ms", ["-1", "9007199254740993", "1.5", "true", "null", '"1"'])
def test_a_key_that_lives_for_no_time_that_can_be_is_refused(lives_ms: str) -> None:
    """Before the keys that are there make room for those of the archive."""
    with pytest.raises(ArchiveBroken, match=r"redis\.jsonl, line 1: no key"):
        keys_in(f'["a2V5", "dg==", {lives_ms}]'.encode())


def test_a_value_that_stands_for_another_is_refused() -> None:
    """A few lines of them stand for more than any memory holds."""
    with pytest.raises(ArchiveBroken, match="refers to another"):
        tenant_in(TENANT + b"notes: &a [x]\nmore: *a\n")


def test_a_path_without_end_in_vault_is_told() -> None:
    """A server that lists an empty part below itself, for ever."""

    def ask(method: str, path: str, token: str) -> dict[str, Any]:
        below = path.partition("/metadata/")[2]
        return {"data": {"keys": ["/"] if below else ["a/"]}}

    vault = SimpleNamespace(ask=ask)
    there = TenantSecretsInVault(cast(Any, vault), "", TenantNames("acme"))
    with pytest.raises(ArchiveBroken, match="has an empty part"):
        there.dump()
