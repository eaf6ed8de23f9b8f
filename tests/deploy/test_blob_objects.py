"""Blobs by the data plane, against the simulated storage account, which refuses what the real one refuses."""

from __future__ import annotations

import http.client
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy.blob_objects import BLOB_API, VERSION, AzureBlobs, BlobsRefused, blobs_of
from deploy.target import Target
from sandbox.azure.server.blobs import ADDRESS_FILE, CONTAINER, BlobService
from sandbox.core.records import Record

NAMES = ("a/b c/ñandú.txt", "a<b>&\"'.bin", "plain", "percent%20sign", "n" * 1000)


class Cloud:
    """An inventory with one container."""

    record = Record(id="c", token=CONTAINER, inputs={"accountName": "st", "containerName": "t-acme"}, outputs={})

    def find(self, token: str) -> Iterator[Record]:
        """As the inventory."""
        return iter([self.record] if token == CONTAINER else [])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[BlobService]:
    """It listens."""
    found = BlobService(tmp_path, cast(Any, Cloud()))
    yield found
    found.close()


@pytest.fixture
def blobs(service: BlobService, tmp_path: Path) -> AzureBlobs:
    """The container, as a simulated run reaches it."""
    address = (tmp_path / ADDRESS_FILE).read_text()
    return blobs_of(cast(Any, SimpleNamespace(target=Target.SANDBOX, environ={BLOB_API: address})), "st", "t-acme")


def test_what_was_written_is_listed_and_read_whatever_its_name(blobs: AzureBlobs) -> None:
    """Content and kind; a second one of a name takes its place; one that is removed is gone, twice too."""
    for number, name in enumerate(NAMES):
        blobs.write(name, io.BytesIO(bytes([number]) * number * 1000), number * 1000, "text/plain")
    assert [(one.name, one.size, one.content_type) for one in blobs.listed()] == sorted(
        (name, number * 1000, "text/plain") for number, name in enumerate(NAMES)
    )
    assert [one.name for one in blobs.listed("a")] == sorted(name for name in NAMES if name.startswith("a"))
    blobs.write("plain", io.BytesIO(b"new"), 3, "")
    held = io.BytesIO()
    assert (blobs.read("plain", held), held.getvalue()) == (3, b"new")
    for _ in range(2):
        blobs.remove("plain")
    with pytest.raises(BlobsRefused, match="BlobNotFound"):
        blobs.read("plain", io.BytesIO())


def test_a_list_goes_on_where_it_ended(blobs: AzureBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, each once."""
    monkeypatch.setattr("sandbox.azure.server.blobs.MOST_LISTED", 3)
    for number in range(10):
        blobs.write(f"{number}", io.BytesIO(), 0, "")
    assert [one.name for one in blobs.listed()] == [str(number) for number in range(10)]


@pytest.mark.parametrize(
    ("method", "path", "without", "status", "code"),
    [
        ("GET", "/st/t-acme?restype=container&comp=list", "Authorization", 401, "NoAuthenticationInformation"),
        ("GET", "/st/t-acme?restype=container&comp=list", "x-ms-version", 400, "MissingRequiredHeader"),
        ("PUT", "/st/t-acme/a", "x-ms-blob-type", 400, "MissingRequiredHeader"),
        ("GET", "/st/t-other/a", "", 404, "ContainerNotFound"),
        ("GET", "/st/t-acme", "", 400, "InvalidQueryParameterValue"),
        ("PUT", f"/st/t-acme/{'n' * 1025}", "", 400, "InvalidResourceName"),
        ("PUT", "/st/t-acme/a", "md5", 400, "Md5Mismatch"),
    ],
)
def test_what_the_service_refuses(
    blobs: AzureBlobs, method: str, path: str, without: str, status: int, code: str
) -> None:
    """In its own words."""
    headers = {"Authorization": "Bearer x", "x-ms-version": VERSION, "x-ms-blob-type": "BlockBlob"}
    headers.pop(without, None)
    headers |= {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="} if without == "md5" else {}
    connection = http.client.HTTPConnection(blobs.base.removeprefix("http://").partition("/")[0], timeout=5)
    connection.request(method, path, b"content" if method == "PUT" else None, headers)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("x-ms-error-code")) == (status, code)
    connection.close()


def test_a_container_that_is_deleted_takes_its_blobs_along(service: BlobService, blobs: AzureBlobs) -> None:
    """The next one of that name is empty."""
    blobs.write("a", io.BytesIO(b"a"), 1, "")
    service.happened("deleted", Cloud.record)
    assert list(blobs.listed()) == []


def test_a_blob_that_breaks_off_is_no_shorter_blob() -> None:
    """The connection ended before what was told had come."""

    class Half(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"12345")

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Half)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(BlobsRefused, match="broke off"):
            AzureBlobs("st", "c", f"http://127.0.0.1:{server.server_address[1]}", "t").read("a", io.BytesIO())
    finally:
        server.shutdown()
        server.server_close()


def test_no_variable_leads_a_real_token_elsewhere() -> None:
    """Of a real run the address is Azure's own."""
    from deploy import blob_objects

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blob_objects, "token_for", lambda _place, resource: f"for {resource}")
        place = SimpleNamespace(target=Target.REAL, environ={BLOB_API: "http://127.0.0.1:1"})
        found = blobs_of(cast(Any, place), "st", "c")
    assert (found.base, found.token) == ("https://st.blob.core.windows.net", "for https://storage.azure.com")
