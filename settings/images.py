"""Which images run, in one place: the defaults, what each tag meant when it was looked at, what a stack says instead.

Tags as of August 2026, from the vendors' own release pages; none is ever `latest`. A tag can be moved by whoever may
push to its repository; a digest is the content itself. So what runs is told to Docker and Azure as tag and digest: the
digest is what counts, the tag says what it is. Digests stand in images.lock.json beside this file, which `./smos images
lock` writes from what the registries answer, or in smarteros:images of a stack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from kept import Damaged, mapping
from settings.problems import did_you_mean, fault

__all__ = ["DEFAULTS", "LOCK", "Image", "image_of", "locked", "overrides_of", "parsed_image", "read_lock"]

LOCK = Path(__file__).with_name("images.lock.json")
MEND = "git checkout -- settings/images.lock.json, or ./smos images lock"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE = re.compile(
    r"(?P<name>(?:[a-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r":(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image at a tag, and perhaps pinned to what the tag meant when it was looked at."""

    name: str
    tag: str
    digest: str | None = None

    @property
    def tagged(self) -> str:
        """Without the digest."""
        return f"{self.name}:{self.tag}"

    @property
    def reference(self) -> str:
        """As Docker and Container Apps want it."""
        return f"{self.tagged}@{self.digest}" if self.digest else self.tagged


def parsed_image(reference: str) -> Image:
    """From `name:tag` or `name:tag@sha256:…`. Raises a fault for what has no version, or one that moves."""
    found = _IMAGE.fullmatch(reference)
    if found is None or not re.search("[0-9]", found["tag"]):
        why = "not an image at a version: what has none, or a moving one, runs something else tomorrow"
        raise fault(why, "name:tag@sha256:…, as in ghcr.io/ibm/mcp-context-forge:v1.0.8@sha256:…")
    return Image(name=found["name"], tag=found["tag"], digest=found["digest"])


DEFAULTS: Mapping[str, Image] = {
    "n8n": Image(name="docker.n8n.io/n8nio/n8n", tag="2.35.7"),
    # Its version must be n8n's own.
    "n8n_runners": Image(name="n8nio/runners", tag="2.35.7"),
    # The community edition.
    "chatwoot": Image(name="chatwoot/chatwoot", tag="v4.18.0-ce"),
    # The line with long-term support.
    "metabase": Image(name="metabase/metabase", tag="v0.64.1.5"),
    "odoo": Image(name="odoo", tag="19.0-20260817"),
    # The last release: there is none after April 2025.
    "botpress": Image(name="botpress/server", tag="12.31.10"),
    "mcp": Image(name="ghcr.io/ibm/mcp-context-forge", tag="v1.0.8"),
    # The last line of Redis under the BSD licence.
    "redis": Image(name="redis", tag="7.2.16"),
    "traefik": Image(name="traefik", tag="v3.7.11"),
    "holding": Image(name="nginxinc/nginx-unprivileged", tag="1.29.5-alpine"),
    "socket_proxy": Image(name="tecnativa/docker-socket-proxy", tag="v0.4.2"),
    # The same major version as the Flexible Server: a dump of one restores into the other.
    "postgres": Image(name="pgvector/pgvector", tag="0.8.6-pg17"),
    "vault": Image(name="hashicorp/vault", tag="2.0.4"),
    "openbao": Image(name="openbao/openbao", tag="2.6.2"),
}
"""Whose image → which one, where neither the lock nor a stack says more."""


@cache
def locked() -> Mapping[str, str]:
    """What is locked, read once."""
    return read_lock(LOCK)


def read_lock(file: Path) -> Mapping[str, str]:
    """name:tag → digest. Raises Damaged for a file that is none."""
    try:
        found = mapping(file, MEND)
    except FileNotFoundError:
        return {}
    for tagged, digest in found.items():
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest) or not _IMAGE.fullmatch(tagged):
            raise Damaged(file, f"{tagged}: {digest!r} is no image with its digest", MEND)
    return found


def image_of(key: str, overrides: Mapping[str, Image]) -> Image:
    """What runs: what the stack says, else the default; with a digest, if anybody knows it."""
    image = overrides.get(key, DEFAULTS[key])
    return image if image.digest else replace(image, digest=locked().get(image.tagged))


def overrides_of(value: Mapping[str, str]) -> Mapping[str, str]:
    """smarteros:images: known names, images at a version, and the runners of n8n's own version."""
    for key, reference in value.items():
        if key not in DEFAULTS:
            raise fault(f"{key}: no image is called so", did_you_mean(key, list(DEFAULTS)))
        parsed_image(reference)
    told = {key: parsed_image(reference) for key, reference in value.items()}
    n8n, runners = (told.get(key, DEFAULTS[key]).tag for key in ("n8n", "n8n_runners"))
    if n8n != runners:
        raise fault(f"n8n is {n8n} and its runners are {runners}", "the same version for n8n and n8n_runners")
    return value
