"""Which images run: what the services name, what a stack says instead, and what is no image of ours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.images import images_of
from settings import SettingsError, load_files
from settings.default_images import default_images, every_default_image, image_of
from settings.images import parsed_image
from settings.reading import read_settings
from settings.systems import SYSTEMS
from tests.components.declared import ROOT, platform, prod_config, resolved

DIGEST, OTHER = "sha256:" + "a1" * 32, "sha256:" + "b2" * 32


def test_every_default_and_what_a_stack_says_is_asked_for() -> None:
    """None is left out of the lock."""
    found = images_of({ROOT / "Pulumi.prod.yaml": load_files("prod", ROOT)})
    assert set(every_default_image().values()) <= {one.image for one in found}
    assert all(file.is_file() for one in found for file in one.files)


def test_a_stacks_tag_without_a_digest_is_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a default's own tag gets its digest; another tag, or another digest, is the stack's own."""
    services = SYSTEMS["smarteros"].services
    redis = replace(default_images(services)["redis"], digest=DIGEST)
    monkeypatch.setattr("settings.default_images.default_images", lambda _: {"redis": redis})
    monkeypatch.setattr("settings.default_images.every_default_image", lambda: {"redis": redis})
    given = {"default": redis.tagged, "digest": f"{redis.tagged}@{OTHER}", "tag": "redis:7.2.99"}
    found = {key: image_of("redis", services, {"redis": text}).digest for key, text in given.items()}
    assert found == {"default": DIGEST, "digest": OTHER, "tag": None}
    assert image_of("redis", services, {}) == redis


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
