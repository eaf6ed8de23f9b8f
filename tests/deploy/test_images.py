"""Digests from a registry: by its own challenge, believed only where the content has them, written beside the tag,
compared ever after.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.images import NamedImage, lock, verify
from deploy.registry import HUB, MOST_BYTES, Registry, RegistryError, where_of
from settings.images import Image, parsed_image
from tests.deploy.registry_here import MANIFEST, Fake, index, running
from tests.provider.servers import free_port

AMD = ("linux", "amd64")
ARM = ("linux", "arm64")
DIGEST = "sha256:" + "a1" * 32
OTHER = "sha256:" + "b2" * 32


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A registry with one image."""
    with running() as found:
        found.tags["team/app", "1.2.3"] = index(ARM, AMD)
        yield found


def image(fake: Fake, tag: str = "1.2.3") -> Image:
    """Its one image."""
    return Image(name=f"{fake.host}/team/app", tag=tag)


def digest_of(fake: Fake) -> str:
    """The truth."""
    return "sha256:" + hashlib.sha256(fake.tags["team/app", "1.2.3"]).hexdigest()


def stack_file(folder: Path, *references: str) -> Path:
    """A stack's file that says these images."""
    file = folder / "Pulumi.prod.yaml"
    lines = [f'  a{number}: "{one}"  # why\n' for number, one in enumerate(references)]
    file.write_text("".join(["config:\n", "  # was other/app:1\n", *lines]))
    return file


def named_in(file: Path) -> list[NamedImage]:
    """As the command finds them."""
    references = [line.split('"')[1] for line in file.read_text().splitlines() if '"' in line]
    return [NamedImage(image=parsed_image(one), files=(file,)) for one in references]


@pytest.mark.parametrize(
    ("name", "host", "repository"),
    [
        ("redis", HUB, "library/redis"),
        ("chatwoot/chatwoot", HUB, "chatwoot/chatwoot"),
        ("docker.io/odoo", HUB, "library/odoo"),
        ("docker.n8n.io/n8nio/n8n", "docker.n8n.io", "n8nio/n8n"),
        ("ghcr.io/ibm/mcp-context-forge", "ghcr.io", "ibm/mcp-context-forge"),
        ("localhost:5000/a", "localhost:5000", "a"),
    ],
)
def test_a_name_leads_to_its_registry(name: str, host: str, repository: str) -> None:
    """As Docker reads names."""
    assert where_of(Image(name=name, tag="1")) == (host, repository)


def test_a_digest_is_got_with_the_token_that_the_challenge_leads_to(fake: Fake) -> None:
    """The header's word is proved by the content; the token is asked for once, and sent to nobody else."""
    registry = Registry()
    assert registry.resolve(image(fake)).digest == digest_of(fake)
    path = "/v2/team/app/manifests"
    assert fake.heard == [
        ("HEAD", f"{path}/1.2.3", False),
        ("GET", "/token", False),
        ("HEAD", f"{path}/1.2.3", True),
        ("GET", f"{path}/{digest_of(fake)}", True),
    ]


def test_a_registry_without_tokens_or_without_the_header_is_read_as_well(fake: Fake) -> None:
    """Then the content alone says what it is."""
    fake.asks_for_token, fake.says_digest = False, False
    assert Registry().resolve(image(fake)).digest == digest_of(fake)


def test_a_single_manifest_is_an_image_too(fake: Fake) -> None:
    """Of Docker's own kind."""
    fake.tags["team/app", "1.2.3"] = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {}}).encode()
    fake.media_type = MANIFEST
    assert Registry().resolve(image(fake)).digest == digest_of(fake)


def day(**changed: Any) -> Callable[[Fake], None]:
    """A registry that is otherwise in these ways."""

    def spoil(fake: Fake) -> None:
        for key, value in changed.items():
            setattr(fake, key, value)

    return spoil


def has(body: bytes, **changed: Any) -> Callable[[Fake], None]:
    """A registry whose tag means this."""

    def spoil(fake: Fake) -> None:
        fake.tags["team/app", "1.2.3"] = body
        day(**changed)(fake)

    return spoil


BASIC = {"WWW-Authenticate": 'Basic realm="x"'}
BAD_DAYS: dict[str, tuple[Callable[[Fake], None], str]] = {
    "no platform of ours": (has(index(ARM)), "linux/amd64"),
    # Whatever it is asked for, it sends something else than what it names.
    "other content": (
        day(header="sha256:" + "0" * 64, content=lambda _repository, _reference: index(AMD, salt="other")),
        "not taken",
    ),
    "no digest": (day(header="md5:1"), "no digest of SHA-256"),
    "too much": (has(index(AMD, salt="x" * MOST_BYTES)), "more than"),
    "schema 1": (
        has(b'{"schemaVersion": 1}', media_type="application/vnd.docker.distribution.manifest.v1+prettyjws"),
        "no image that Docker",
    ),
    "rate limit": (day(status=429, headers={"Retry-After": "900"}), "for 900 s (rate limit)"),
    "broken": (day(status=500), "status 500"),
    "private": (day(status=403), "without a login"),
    "a token without TLS": (day(realm="http://registry.example/token"), "refused"),
    "a login": (day(status=401, headers=BASIC), "wants a login"),
    "leads on without TLS": (day(redirect="http://registry.example/v2/"), "no TLS"),
    "leads on and on": (day(redirect="/v2/team/app/manifests/1.2.3"), "on and on"),
}


@pytest.mark.parametrize("bad", sorted(BAD_DAYS))
def test_a_registrys_bad_day_is_told_and_nothing_is_believed(fake: Fake, tmp_path: Path, bad: str) -> None:
    """And nothing is written; what had a digest before stays."""
    spoil, says = BAD_DAYS[bad]
    file = stack_file(tmp_path, f"redis:7.2.16@{DIGEST}", image(fake).tagged)
    before = file.read_text()
    spoil(fake)
    with pytest.raises(RegistryError, match=r".") as refused:
        Registry().resolve(image(fake))
    assert says in str(refused.value)
    redis, found = lock(named_in(file), Registry().resolve)
    assert (redis.state, redis.digest) == ("locked", DIGEST)
    assert (found.state, found.digest) == ("failed", "")
    assert file.read_text() == before


def test_content_that_is_named_otherwise_is_not_believed(fake: Fake) -> None:
    """Also where it was asked for by its tag."""
    fake.head_says_digest, fake.header = False, DIGEST
    with pytest.raises(RegistryError, match="not taken"):
        Registry().resolve(image(fake))


def test_a_token_goes_to_nobody_else(fake: Fake) -> None:
    """Whoever a registry leads on to is asked without it."""
    with running() as other:
        other.asks_for_token = False
        other.tags["team/app", "1.2.3"] = index(AMD)
        fake.redirect = f"http://{other.host}/v2/team/app/manifests/1.2.3"
        assert Registry().resolve(image(fake)).digest == digest_of(other)
        assert {with_token for _, _, with_token in other.heard} == {False}
        assert (fake.heard[-1][0], fake.heard[-1][2]) == ("GET", True)


def test_a_registry_that_does_not_answer_is_left_in_time(fake: Fake) -> None:
    """It holds nobody up."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        nobody = Image(name=f"127.0.0.1:{silent.getsockname()[1]}/a", tag="1")
        begun = time.monotonic()
        with pytest.raises(RegistryError, match="does not answer"):
            Registry(timeout_s=0.3).resolve(nobody)
        assert time.monotonic() - begun < 5
    with pytest.raises(RegistryError, match=r"has no 9\.9"):
        Registry().resolve(image(fake, "9.9"))


def test_what_has_a_digest_keeps_it_until_it_is_asked_for_anew(fake: Fake, tmp_path: Path) -> None:
    """A tag that was moved is told by verify, and never followed by itself."""
    file, registry = stack_file(tmp_path, image(fake).tagged), Registry()

    def verified() -> Any:
        (found,) = verify(named_in(file), registry.resolve, registry.read)
        return found

    def locked(anew: bool = False) -> Any:
        (found,) = lock(named_in(file), registry.resolve, anew)
        return found

    assert (verified().state, verified().good) == ("unlocked", False)
    before = digest_of(fake)
    first = locked()
    assert (first.state, first.digest) == ("new", before)
    assert f'"{image(fake).tagged}@{before}"  # why' in file.read_text()
    assert verified().state == "same"

    fake.tags["team/app", "old"] = fake.tags["team/app", "1.2.3"]
    fake.tags["team/app", "1.2.3"] = index(AMD, salt="moved")
    moved = verified()
    assert (moved.state, moved.good) == ("moved", False)
    assert digest_of(fake) in moved.detail
    kept = locked()
    assert (kept.state, kept.digest) == ("locked", before)
    anew = locked(anew=True)
    assert (anew.state, anew.digest) == ("new", digest_of(fake))
    assert locked(anew=True).state == "same"
    assert before not in file.read_text()

    del fake.tags["team/app", "1.2.3"]
    gone = verified()
    assert (gone.state, gone.good) == ("failed", False)


def test_a_real_registry_answers_the_same(tmp_path: Path) -> None:
    """The reference implementation (distribution v3), where SMOS_REGISTRY names its program."""
    program = os.environ.get("SMOS_REGISTRY", "")
    if not program:
        pytest.skip("SMOS_REGISTRY names no registry program: the reference implementation was not asked")
    port = free_port()
    (tmp_path / "config.yml").write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/data}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\nlog: {{level: error}}\n"
        "validation: {manifests: {indexes: {platforms: none}}}\n"
    )
    server = subprocess.Popen([program, "serve", f"{tmp_path}/config.yml"])
    try:
        pushed = index(AMD)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                _put(f"http://127.0.0.1:{port}/v2/team/app/manifests/1.2.3", pushed)
                break
            except OSError:
                time.sleep(0.2)
        one = Image(name=f"127.0.0.1:{port}/team/app", tag="1.2.3")
        file, registry = stack_file(tmp_path, one.tagged), Registry()
        (found,) = lock(named_in(file), registry.resolve)
        assert (found.state, found.digest) == ("new", "sha256:" + hashlib.sha256(pushed).hexdigest())
        assert [each.state for each in verify(named_in(file), registry.resolve, registry.read)] == ["same"]
        with pytest.raises(RegistryError, match=r"has no 9\.9"):
            registry.resolve(Image(name=one.name, tag="9.9"))
    finally:
        server.terminate()
        server.wait(20)


def _put(url: str, body: bytes) -> None:
    headers = {"Content-Type": "application/vnd.oci.image.index.v1+json"}
    request = urllib.request.Request(url, body, headers, method="PUT")  # noqa: S310 - this machine's own
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - likewise
