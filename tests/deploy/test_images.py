"""Digests from a registry: by its own challenge, believed only where the content has them, compared ever after."""

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

from deploy.images import images_of, lock, verify
from deploy.registry import HUB, MOST_BYTES, Registry, RegistryError, where_of
from kept import Damaged
from settings import SettingsError, load_files
from settings.default_images import every_default_image
from settings.images import Image, parsed_image, read_lock
from settings.reading import read_settings
from tests.components.declared import ROOT, platform, prod_config, resolved
from tests.deploy.registry_here import MANIFEST, Fake, index, running
from tests.provider.servers import free_port

AMD = ("linux", "amd64")
ARM = ("linux", "arm64")
DIGEST = "sha256:" + "a1" * 32


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
    """And what was locked before stays."""
    spoil, says = BAD_DAYS[bad]
    file = tmp_path / "images.lock.json"
    file.write_text(json.dumps({"redis:7.2.16": DIGEST}))
    spoil(fake)
    with pytest.raises(RegistryError, match=r".") as refused:
        Registry().resolve(image(fake))
    assert says in str(refused.value)
    (found,) = lock([image(fake)], Registry().resolve, file=file)
    assert (found.state, found.digest) == ("failed", "")
    assert read_lock(file) == {"redis:7.2.16": DIGEST}


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


def test_what_is_locked_stays_until_it_is_asked_for_anew(fake: Fake, tmp_path: Path) -> None:
    """A tag that was moved is told by verify, and never followed by itself."""
    file, registry = tmp_path / "images.lock.json", Registry()
    (unlocked,) = verify([image(fake)], registry.resolve, registry.read, file)
    assert (unlocked.state, unlocked.good) == ("unlocked", False)
    (first,) = lock([image(fake)], registry.resolve, file=file)
    before = digest_of(fake)
    assert (first.state, first.digest) == ("new", before)
    assert [one.state for one in verify([image(fake)], registry.resolve, registry.read, file)] == ["same"]

    fake.tags["team/app", "old"] = fake.tags["team/app", "1.2.3"]
    fake.tags["team/app", "1.2.3"] = index(AMD, salt="moved")
    (moved,) = verify([image(fake)], registry.resolve, registry.read, file)
    assert (moved.state, moved.good) == ("moved", False)
    assert digest_of(fake) in moved.detail
    (kept,) = lock([image(fake)], registry.resolve, file=file)
    assert (kept.state, kept.digest) == ("locked", before)
    (anew,) = lock([image(fake)], registry.resolve, anew=True, file=file)
    assert (anew.state, anew.digest) == ("new", digest_of(fake))

    del fake.tags["team/app", "1.2.3"]
    (gone,) = verify([image(fake)], registry.resolve, registry.read, file)
    assert (gone.state, gone.good) == ("failed", False)


def test_every_default_and_what_a_stack_says_is_asked_for() -> None:
    """None is left out of the lock."""
    settings = load_files("prod", ROOT)
    tagged = {one.tagged for one in images_of([settings])}
    assert {one.tagged for one in every_default_image().values()} <= tagged


@pytest.mark.parametrize("text", ['{"redis:7": "sha256:00"}', '{"redis": "' + DIGEST + '"}', "[]", '{"redis:7": 1}'])
def test_a_damaged_lock_is_told(tmp_path: Path, text: str) -> None:
    """Never taken for one that knows nothing."""
    file = tmp_path / "images.lock.json"
    file.write_text(text)
    with pytest.raises(Damaged):
        read_lock(file)


def test_the_lock_of_the_repository_is_one() -> None:
    """Whatever has been looked up."""
    assert set(read_lock(ROOT / "settings" / "images.lock.json")) <= {one.tagged for one in images_of([])}


def test_a_stacks_digest_is_what_docker_and_azure_are_told() -> None:
    """By tag and digest, in every place."""
    given = {"redis": f"redis:7.2.16@{DIGEST}", "n8n": f"docker.n8n.io/n8nio/n8n:2.35.7@{DIGEST}"}
    found = platform("prod", images=given)
    texts = [str(resolved(one.inputs)) for one in found]
    assert any(given["redis"] in text for text in texts)
    assert any(given["n8n"] in text for text in texts)
    assert not [text for text in texts if "redis:7.2.16'" in text]


@pytest.mark.parametrize(
    ("images", "why"),
    [
        ({"n8m": "a:1"}, "no image is called so"),
        ({"redis": "redis:latest"}, "not an image at a version"),
        ({"redis": "redis:7@sha256:00"}, "not an image at a version"),
        ({"n8n": "docker.n8n.io/n8nio/n8n:2.36.0"}, "n8n_runners is 2.35.7"),
    ],
)
def test_what_is_no_image_of_ours_is_refused(images: dict[str, str], why: str) -> None:
    """With the path, before anything runs."""
    _, problems = read_settings("prod", {**prod_config(), "images": images}, "Pulumi.prod.yaml")
    assert [one.path for one in problems] == ["smarteros:images"]
    assert why in problems[0].why


def test_a_reference_is_read_as_it_was_written() -> None:
    """Name, tag and digest."""
    for text in ("redis:7.2.16", f"127.0.0.1:5000/a/b:1@{DIGEST}"):
        assert parsed_image(text).reference == text
    assert issubclass(SettingsError, Exception)


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
        file, registry = tmp_path / "images.lock.json", Registry()
        (found,) = lock([one], registry.resolve, file=file)
        assert (found.state, found.digest) == ("new", "sha256:" + hashlib.sha256(pushed).hexdigest())
        assert [each.state for each in verify([one], registry.resolve, registry.read, file)] == ["same"]
        with pytest.raises(RegistryError, match=r"has no 9\.9"):
            registry.resolve(Image(name=one.name, tag="9.9"))
    finally:
        server.terminate()
        server.wait(20)


def _put(url: str, body: bytes) -> None:
    headers = {"Content-Type": "application/vnd.oci.image.index.v1+json"}
    request = urllib.request.Request(url, body, headers, method="PUT")  # noqa: S310 - this machine's own
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - likewise
