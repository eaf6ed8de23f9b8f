"""Which images run, in one place. A digest, where it is known, is what counts; the tag then only says what
it is.

Tags as of August 2026, from the vendors' own release pages; none is ever `latest`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["IMAGES", "Image", "Images"]


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image at a tag, and perhaps pinned to what the tag meant when it was looked at."""

    name: str
    tag: str
    digest: str | None = None

    @property
    def reference(self) -> str:
        """As Docker and Container Apps want it."""
        return f"{self.name}:{self.tag}@{self.digest}" if self.digest else f"{self.name}:{self.tag}"

    @staticmethod
    def of(reference: str) -> Image:
        """From that form; the settings made sure that it has a tag."""
        named, _, digest = reference.partition("@")
        name, _, tag = named.rpartition(":")
        return Image(name=name, tag=tag, digest=digest or None)


@dataclass(frozen=True, kw_only=True)
class Images:
    """Every image that a system may run."""

    n8n: Image = Image(name="docker.n8n.io/n8nio/n8n", tag="2.35.7")
    # Its version must be n8n's own.
    n8n_runners: Image = Image(name="n8nio/runners", tag="2.35.7")
    # The community edition.
    chatwoot: Image = Image(name="chatwoot/chatwoot", tag="v4.18.0-ce")
    # The line with long-term support.
    metabase: Image = Image(name="metabase/metabase", tag="v0.64.1.5")
    odoo: Image = Image(name="odoo", tag="19.0-20260817")
    # The last release: there is none after April 2025.
    botpress: Image = Image(name="botpress/server", tag="12.31.10")
    mcp: Image = Image(name="ghcr.io/ibm/mcp-context-forge", tag="v1.0.8")
    # The last line of Redis under the BSD licence.
    redis: Image = Image(name="redis", tag="7.2.16")
    traefik: Image = Image(name="traefik", tag="v3.7.11")
    holding: Image = Image(name="nginxinc/nginx-unprivileged", tag="1.29.5-alpine")
    socket_proxy: Image = Image(name="tecnativa/docker-socket-proxy", tag="v0.4.2")
    # The same major version as the Flexible Server: a dump of one restores into the other.
    postgres: Image = Image(name="pgvector/pgvector", tag="0.8.6-pg17")
    vault: Image = Image(name="hashicorp/vault", tag="2.0.4")
    openbao: Image = Image(name="openbao/openbao", tag="2.6.2")


IMAGES = Images()
