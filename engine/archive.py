"""Gets the engine from the official release archive, with its own Python language host.

The archive and its checksums come from two different hosts, so that one of them alone can't exchange
the archive; and where checksums.json beside this file, in git, names the archive, it must be that one whatever is
published. `SMOS_ENGINE_URL` names one mirror for both. A source that doesn't answer is left within
seconds; an archive that doesn't match its checksum is refused, never skipped over.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import queue
import shutil
import tarfile
import threading
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath
from typing import Any

from engine import cache, pin
from kept.operator_error import OperatorError
from kept.say import Say

__all__ = ["ChecksumMismatch", "Unavailable", "fetch"]

ARCHIVES = "https://get.pulumi.com/releases/sdk"
IN_GIT = Path(__file__).with_name("checksums.json")
CHECKSUMS = f"https://github.com/pulumi/pulumi/releases/download/v{pin.VERSION}"

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 6.0  # to the first byte, name look-up and redirects included
READ_TIMEOUT_S = 30.0  # without a byte, once it flows


class Unavailable(OperatorError):
    """This route gives no engine here; the message is half a line that says why."""


class ChecksumMismatch(OperatorError):
    """What was downloaded is not what was released."""


def fetch(target: Path, say: Say) -> None:
    """Fill `target` with the files of the pinned release."""
    mirror = os.environ.get("SMOS_ENGINE_URL", "").rstrip("/")
    name = f"pulumi-v{pin.VERSION}-{cache.platform_name()}.tar.gz"
    expected = _published_checksum(f"{mirror or CHECKSUMS}/pulumi-{pin.VERSION}-checksums.txt", name)
    _agrees_with_git(name, expected, say)
    url = f"{mirror or ARCHIVES}/{name}"
    with cache.filling(target) as folder:
        packed = folder / name
        say(f"release archive: downloading {url}")
        actual = _download(url, packed)
        if actual != expected:
            raise ChecksumMismatch(
                f"{url} does not match its published SHA-256 and was refused\n"
                f"  published: {expected}\n  received:  {actual}\n"
                "  fix: check the proxy or mirror (SMOS_ENGINE_URL) that served it; "
                "or build from source: python3 -m engine --route build"
            )
        _unpack(packed, folder)
        packed.unlink()


def _agrees_with_git(name: str, published: str, say: Say) -> None:
    """What is published may change; what somebody looked at and committed does not."""
    known = json.loads(IN_GIT.read_text(encoding="utf-8")).get(name)
    if known is None:
        say(f"release archive: {IN_GIT.name} does not name {name}: its published SHA-256 alone is compared")
    elif known != published:
        raise ChecksumMismatch(
            f"{name} is published with another SHA-256 than the one in {IN_GIT.name}, and was refused\n"
            f"  in git:    {known}\n  published: {published}\n"
            "  fix: find out which is right before all else; or build from source: python3 -m engine --route build"
        )


def _published_checksum(url: str, name: str) -> str:
    with _open(url) as answer:
        text: str = answer.read(1_000_000).decode(errors="replace")
    for line in text.splitlines():
        digest, _, file = line.partition(" ")
        if file.strip().lstrip("*") == name:
            return digest.lower()
    raise Unavailable(f"{url} has no checksum for {name}")


def _download(url: str, file: Path) -> str:
    digest = hashlib.sha256()
    try:
        with _open(url) as answer, file.open("wb") as out:
            promised = answer.headers.get("Content-Length")
            while block := answer.read(1 << 20):
                digest.update(block)
                out.write(block)
            if promised is not None and out.tell() != int(promised):
                raise ConnectionError(f"{out.tell()} of {promised} bytes came")
    except (TimeoutError, http.client.HTTPException, ConnectionError) as error:
        raise Unavailable(f"{url} broke off: {error or type(error).__name__}") from error
    return digest.hexdigest()


def _unpack(packed: Path, folder: Path) -> None:
    """The engine and what it needs for Python; hosts of other languages stay in the archive."""
    with tarfile.open(packed) as tar:
        for member in tar:
            file = PurePosixPath(member.name).name
            if not member.isfile() or not (file == "pulumi" or "python" in file):
                continue
            source = tar.extractfile(member)
            if source is not None:
                with source, (folder / file).open("wb") as out:
                    shutil.copyfileobj(source, out)
                (folder / file).chmod(0o755)
    missing = {"pulumi", "pulumi-language-python"} - {file.name for file in folder.iterdir()}
    if missing:
        raise Unavailable(f"the archive {packed.name} holds no {' and no '.join(sorted(missing))}")


def _open(url: str) -> Any:
    """Open a URL, or raise Unavailable in seconds: also when the name look-up hangs."""
    if not url.startswith(("https://", "http://")):
        raise Unavailable(f"{url} is not an http(s) address")
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        opener = urllib.request.build_opener(_Http, _Https)
        try:
            answers.put(opener.open(url, timeout=CONNECT_TIMEOUT_S))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    host = url.split("/")[2]
    try:
        answer = answers.get(timeout=ANSWER_TIMEOUT_S)
    except queue.Empty:
        raise Unavailable(f"{host} did not answer in {ANSWER_TIMEOUT_S:.0f} s") from None
    if isinstance(answer, urllib.error.HTTPError):
        raise Unavailable(f"{url} answered {answer.code} {answer.reason}") from answer
    if isinstance(answer, Exception):
        reason = answer.reason if isinstance(answer, urllib.error.URLError) else answer
        raise Unavailable(f"{host} can't be reached: {reason}") from answer
    return answer


class _HttpConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(READ_TIMEOUT_S)


class _HttpsConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(READ_TIMEOUT_S)


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_HttpConnection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_HttpsConnection, req)
