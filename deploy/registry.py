"""What an image's tag means, asked of its registry: the HTTP API V2 of the distribution specification, reading alone.

As a stranger, with the token that the registry's own challenge leads to; no login of ours. A digest is believed only
when the content that it names has it: the header alone is the registry's word. TLS always, but to a registry on this
very machine. Everything is bounded: time, redirects, what is read.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from kept.operator_error import OperatorError
from settings.images import DIGEST, Image

__all__ = ["Manifest", "Registry", "RegistryError", "where_of"]

TIMEOUT_S = 20.0
MOST_BYTES = 4 * 1024 * 1024  # what the specification lets a registry refuse beyond
REDIRECTS = 3
HUB = "registry-1.docker.io"
PLATFORM = ("linux", "amd64")
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
ACCEPT = ", ".join((*INDEXES, *MANIFESTS))
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class RegistryError(OperatorError):
    """Why a registry's answer is of no use, and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a tag or a digest names."""

    digest: str
    media_type: str


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def where_of(image: Image) -> tuple[str, str]:
    """Host and repository. A name without a host is Docker Hub's, and one without an owner there the library's."""
    first, slash, rest = image.name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        host, repository = first, rest
    else:
        host, repository = "docker.io", image.name
    if host in ("docker.io", "index.docker.io"):
        return HUB, repository if "/" in repository else f"library/{repository}"
    return host, repository


class Registry:
    """Asks registries; remembers a token for each repository."""

    def __init__(self, timeout_s: float = TIMEOUT_S, trust: ssl.SSLContext | None = None) -> None:
        self._timeout_s = timeout_s
        self._trust = trust or ssl.create_default_context()
        self._tokens: dict[tuple[str, str], str] = {}

    def resolve(self, image: Image) -> Manifest:
        """What the tag means today, proved by its content."""
        host, repository = where_of(image)
        head = self._ask("HEAD", host, repository, image.tag, image)
        said = head.headers.get("docker-content-digest", "")
        if said and not DIGEST.fullmatch(said):
            raise RegistryError(f"{image.tagged}: {host} names {said[:80]!r}, which is no digest of SHA-256")
        return self.read(image, said or image.tag)

    def read(self, image: Image, reference: str) -> Manifest:
        """The content that a digest (or a tag) names: an index with the platform of our hosts, or a manifest."""
        host, repository = where_of(image)
        answer = self._ask("GET", host, repository, reference, image)
        digest = "sha256:" + hashlib.sha256(answer.body).hexdigest()
        said = answer.headers.get("docker-content-digest", digest)
        if digest != said or (reference.startswith("sha256:") and digest != reference):
            wanted = reference if reference.startswith("sha256:") else said
            raise RegistryError(f"{image.tagged}: what {host} sent is {digest}, and it says {wanted}: it is not taken")
        media = _media_type(image, answer)
        return Manifest(digest, media)

    def _ask(self, method: str, host: str, repository: str, reference: str, image: Image) -> _Answer:
        url = f"{_scheme(host)}://{host}/v2/{repository}/manifests/{reference}"
        token = self._tokens.get((host, repository))
        answer = self._sent(method, url, token)
        if answer.status == 401:
            token = self._token(host, repository, answer.headers.get("www-authenticate", ""), image)
            answer = self._sent(method, url, token)
        if answer.status == 200:
            return answer
        raise RegistryError(_why(image, host, reference, answer))

    def _token(self, host: str, repository: str, challenge: str, image: Image) -> str:
        """As the registry's challenge says: a token to read this repository, for nobody in particular."""
        scheme, _, rest = challenge.partition(" ")
        given = dict(_PARAMETER.findall(rest))
        realm = urlsplit(given.get("realm", ""))
        if scheme.lower() != "bearer" or not realm.netloc:
            raise RegistryError(f"{image.tagged}: {host} wants a login ({scheme or 'no challenge'}), and none is sent")
        if realm.scheme != _scheme(realm.netloc):
            raise RegistryError(f"{image.tagged}: {host} sends for a token to {realm.scheme}://{realm.netloc}: refused")
        asked = {"scope": f"repository:{repository}:pull"} | (
            {"service": given["service"]} if "service" in given else {}
        )
        answer = self._sent("GET", f"{given['realm']}?{urlencode(asked)}", None)
        found = _object(answer.body) if answer.status == 200 else {}
        token = found.get("token") or found.get("access_token")
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise RegistryError(f"{image.tagged}: {realm.netloc} gives no token to read it (status {answer.status})")
        self._tokens[host, repository] = token
        return token

    def _sent(self, method: str, url: str, token: str | None) -> _Answer:
        for _ in range(REDIRECTS + 1):
            at = urlsplit(url)
            answer = self._once(method, url, token)
            location = answer.headers.get("location", "")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            url = urljoin(url, location)
            to = urlsplit(url)
            if to.scheme != _scheme(to.netloc):
                raise RegistryError(f"{at.netloc} leads on to {to.scheme}://{to.netloc}: refused, there is no TLS")
            # The token is this registry's alone.
            token = token if to.netloc == at.netloc else None
        raise RegistryError(f"{urlsplit(url).netloc} leads on and on: {REDIRECTS} redirects are enough")

    def _once(self, method: str, url: str, token: str | None) -> _Answer:
        at = urlsplit(url)
        connection = (
            http.client.HTTPSConnection(at.netloc, timeout=self._timeout_s, context=self._trust)
            if at.scheme == "https"
            else http.client.HTTPConnection(at.netloc, timeout=self._timeout_s)
        )
        headers = {"Accept": ACCEPT, "User-Agent": "smos-images"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, at.path + (f"?{at.query}" if at.query else ""), headers=headers)
            answer = connection.getresponse()
            body = answer.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise RegistryError(f"{at.netloc} does not answer: {error or type(error).__name__}") from None
        finally:
            connection.close()
        if len(body) > MOST_BYTES:
            raise RegistryError(f"{at.netloc} sends more than {MOST_BYTES} bytes: no manifest has so many")
        return _Answer(answer.status, {key.lower(): value for key, value in answer.headers.items()}, body)


def _scheme(host: str) -> str:
    """TLS, but to this very machine, as Docker has it."""
    name = host.rsplit(":", 1)[0]
    return "http" if name == "localhost" or re.fullmatch(r"127(?:\.\d{1,3}){3}", name) else "https"


def _why(image: Image, host: str, reference: str, answer: _Answer) -> str:
    if answer.status == 429:
        wait = answer.headers.get("retry-after", "")
        when = f" for {wait} s" if wait.isdecimal() else ""
        return f"{image.tagged}: {host} answers nobody at this address{when} (rate limit). Fix: run it again later"
    if answer.status == 404:
        where = "where it is named (settings/services/, or smarteros:images)"
        return f"{image.tagged}: {host} has no {reference}. Fix: look at the name and the tag {where}"
    if answer.status in (401, 403):
        return f"{image.tagged}: {host} shows it to nobody without a login (status {answer.status})"
    return f"{image.tagged}: {host} answers with status {answer.status}"


def _media_type(image: Image, answer: _Answer) -> str:
    found = _object(answer.body)
    media = found.get("mediaType") or answer.headers.get("content-type", "").partition(";")[0]
    if media in INDEXES:
        parts = [one for one in found.get("manifests") or [] if isinstance(one, dict)]
        platforms = [one.get("platform") or {} for one in parts]
        if PLATFORM not in [(one.get("os"), one.get("architecture")) for one in platforms]:
            raise RegistryError(f"{image.tagged}: it is not made for {'/'.join(PLATFORM)}, which our hosts are")
    elif media not in MANIFESTS:
        raise RegistryError(f"{image.tagged}: {str(media)[:80]!r} is no image that Docker and Container Apps run")
    return str(media)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
