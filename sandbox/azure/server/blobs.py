"""The data plane of Azure's storage accounts: blobs of the containers that the inventory has, as files of the sandbox.

Path-style, as Azurite has it: `/ACCOUNT/CONTAINER/BLOB`. It knows List Blobs, Get, Put (block blobs) and Delete of API
versions with bearer tokens; everything else is refused in the service's own words, and so is a request without what
each must have. Whose the token is, is not checked. Sources: https://learn.microsoft.com/rest/api/storageservices
(list-blobs, put-blob, get-blob, delete-blob, blob-service-error-codes).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.home import write_private

__all__ = ["ADDRESS_FILE", "BlobService"]

ADDRESS_FILE = "address"
CONTAINER = "azure-native:storage:BlobContainer"
MOST_LISTED = 5000
LONGEST_NAME = 1024
_VERSION = re.compile(r"20\d\d-\d\d-\d\d")


_Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


class BlobService:
    """The blobs of one sandbox, served on 127.0.0.1 for as long as it is open."""

    def __init__(self, folder: Path, cloud: Inventory) -> None:
        self._folder = folder
        self._cloud = cloud
        self._lock = threading.RLock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
        write_private(folder / ADDRESS_FILE, f"http://127.0.0.1:{self._http.server_address[1]}")

    def happened(self, what: str, record: Record) -> None:
        """A container that is deleted takes its blobs with it."""
        if record.token == CONTAINER and what == "deleted":
            place = self._place(str(record.inputs.get("accountName")), str(record.inputs.get("containerName")))
            shutil.rmtree(place, ignore_errors=True)

    def close(self) -> None:
        """Ends the listener; the blobs stay."""
        self._http.shutdown()
        self._http.server_close()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Answer:
        """Of one request."""
        parts = urlsplit(target)
        query = {key: one[-1] for key, one in parse_qs(parts.query).items()}
        account, _, rest = unquote(parts.path).strip("/").partition("/")
        container, _, name = rest.partition("/")
        if not headers.get("Authorization", "").startswith("Bearer "):
            return _refused(401, "NoAuthenticationInformation")
        if not _VERSION.fullmatch(headers.get("x-ms-version", "")):  # bearer tokens want one of 2017-11-09 or later
            return _refused(400, "MissingRequiredHeader")
        place = self._found(account, container)
        if place is None:
            return _refused(404, "ContainerNotFound")
        with self._lock:
            if not name and method == "GET" and (query.get("restype"), query.get("comp")) == ("container", "list"):
                return 200, {"Content-Type": "application/xml"}, _listed(place, query)
            if not name:
                return _refused(400, "InvalidQueryParameterValue")
            if len(name) > LONGEST_NAME:
                return _refused(400, "InvalidResourceName")
            return _blob(method, place / hashlib.sha256(name.encode()).hexdigest(), name, headers, body)

    def _found(self, account: str, container: str) -> Path | None:
        for record in self._cloud.find(CONTAINER):
            if (record.inputs.get("accountName"), record.inputs.get("containerName")) == (account, container):
                place = self._place(account, container)
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
                return place
        return None

    def _place(self, account: str, container: str) -> Path:
        return self._folder / account / container


def _refused(status: int, code: str) -> _Answer:
    words = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code></Error>'
    return status, {"x-ms-error-code": code, "Content-Type": "application/xml"}, words.encode()


def _listed(place: Path, query: Mapping[str, str]) -> bytes:
    known = (json.loads(file.read_text(encoding="utf-8")) for file in place.glob("*.json"))
    found = sorted(
        (one for one in known if one["name"].startswith(query.get("prefix", ""))), key=lambda one: one["name"]
    )
    found = [one for one in found if one["name"] >= query.get("marker", "")]
    most = min(int(query.get("maxresults", MOST_LISTED)), MOST_LISTED)
    page, more = found[:most], found[most : most + 1]
    blobs = "".join(
        f"<Blob><Name>{escape(one['name'])}</Name><Properties><Content-Length>{one['size']}</Content-Length>"
        f"<Content-Type>{escape(one['type'])}</Content-Type><Content-MD5>{one['md5']}</Content-MD5>"
        "<BlobType>BlockBlob</BlobType></Properties></Blob>"
        for one in page
    )
    marker = f"<NextMarker>{escape(more[0]['name'])}</NextMarker>" if more else "<NextMarker />"
    text = f"<EnumerationResults><Blobs>{blobs}</Blobs>{marker}</EnumerationResults>"
    return f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()


def _blob(method: str, file: Path, name: str, headers: Mapping[str, str], body: bytes) -> _Answer:
    about = file.with_suffix(".json")
    if method == "PUT":
        return _put(file, name, headers, body)
    if not about.exists():
        return _refused(404, "BlobNotFound")
    if method == "DELETE":
        about.unlink()
        file.unlink(missing_ok=True)
        return 202, {}, b""
    if method != "GET":
        return _refused(405, "UnsupportedHttpVerb")
    found = json.loads(about.read_text(encoding="utf-8"))
    return 200, {"Content-Type": found["type"], "Content-MD5": found["md5"]}, file.read_bytes()


def _put(file: Path, name: str, headers: Mapping[str, str], body: bytes) -> _Answer:
    if headers.get("x-ms-blob-type") != "BlockBlob":
        return _refused(400, "MissingRequiredHeader" if "x-ms-blob-type" not in headers else "InvalidHeaderValue")
    md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    if headers.get("Content-MD5", md5) != md5:
        return _refused(400, "Md5Mismatch")
    if headers.get("If-None-Match") == "*" and file.with_suffix(".json").exists():
        return _refused(409, "BlobAlreadyExists")
    kind = headers.get("x-ms-blob-content-type") or headers.get("Content-Type") or "application/octet-stream"
    write_private(file, body)
    write_private(file.with_suffix(".json"), json.dumps({"name": name, "size": len(body), "type": kind, "md5": md5}))
    return 201, {"Content-MD5": md5}, b""


def _handler(service: BlobService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = service.answer(self.command, self.path, self.headers, body)  # type: ignore[arg-type] # a message of headers: looked up whatever their case
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_DELETE = do_POST = do_HEAD = handle_one

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the server's log is for faults."""

    return Handler
