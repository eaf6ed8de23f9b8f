"""The content of blob containers, by the data plane of Azure's storage accounts: listed, read, written, removed.

Resources of Pulumi make containers; what is in them no resource says. A real run asks with who is logged in at Azure
(`deploy.arm`), who needs the role "Storage Blob Data Contributor"; a simulated one asks the sandbox. No token is part
of an error. What can't be read whole is an error, never a shorter blob.
"""

from __future__ import annotations

import http.client
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import IO

from deploy.arm import token_for
from deploy.target import RunTarget, Target
from kept.operator_error import OperatorError

__all__ = ["BLOB_API", "AzureBlobs", "Blob", "BlobsRefused", "blobs_of"]

BLOB_API = "SMOS_BLOB_API"
"""Where a simulated run has Azure's storage accounts. Ignored in a real one: no variable may lead a token elsewhere."""
VERSION = "2024-11-04"
"""Of the service's API (https://learn.microsoft.com/rest/api/storageservices/versioning-for-the-azure-storage-services)."""
_RESOURCE = "https://storage.azure.com"
BLOCK = 1 << 20
TIMEOUT_S = 120
MOST_PAGES = 2000
MOST_PUT_BYTES = 5000 << 20
"""Put Blob takes no more at once (https://learn.microsoft.com/rest/api/storageservices/put-blob)."""
_MEND = "Fix: az login as who has the role Storage Blob Data Contributor on the storage account; then the same again"


class BlobsRefused(OperatorError):
    """A storage account did not answer, or refused; the text says what."""

    def __init__(self, said: str, status: int = 0) -> None:
        super().__init__(said)
        self.status = status


@dataclass(frozen=True)
class Blob:
    """One blob, as a list has it."""

    name: str
    size: int
    content_type: str


@dataclass(frozen=True)
class AzureBlobs:
    """One container."""

    account: str
    container: str
    base: str
    """The account's address, without a slash at its end."""
    token: str

    def listed(self, prefix: str = "") -> Iterator[Blob]:
        """Every blob whose name begins so, in the order of their names. Raises BlobsRefused."""
        marker = ""
        for _ in range(MOST_PAGES):
            query = {"restype": "container", "comp": "list", "prefix": prefix, "marker": marker}
            found = self._asked("GET", f"?{urllib.parse.urlencode({k: v for k, v in query.items() if v})}")
            try:
                page = ElementTree.fromstring(found)  # noqa: S314 - of the account that is asked; expat of today refuses what expands
            except ElementTree.ParseError:
                raise BlobsRefused(f"{self.account}/{self.container}: an answer that is no list. {_MEND}") from None
            for one in page.iter("Blob"):
                about = one.find("Properties")
                yield Blob(
                    name=one.findtext("Name") or "",
                    size=int((about.findtext("Content-Length") if about is not None else "") or 0),
                    content_type=(about.findtext("Content-Type") if about is not None else "") or "",
                )
            marker = page.findtext("NextMarker") or ""
            if not marker:
                return
        raise BlobsRefused(f"{self.account}/{self.container}: more blobs than can be listed. Fix: fewer of them")

    def read(self, name: str, into: IO[bytes]) -> int:
        """Writes a blob's content into a file: its size. Raises BlobsRefused where it ends before it is whole."""
        with closing(self._connection()) as connection:
            answer = self._sent(connection, "GET", self._path(name))
            wanted, size = int(answer.getheader("Content-Length") or 0), 0
            try:
                while block := answer.read(BLOCK):
                    into.write(block)
                    size += len(block)
            except (OSError, http.client.HTTPException):
                size = -1
        if size != wanted:
            raise BlobsRefused(f"{self.account}/{self.container}/{name}: it broke off. Fix: the same command again")
        return size

    def write(self, name: str, content: IO[bytes], size: int, content_type: str) -> None:
        """Writes a blob whole, over one of that name. Raises BlobsRefused."""
        if size > MOST_PUT_BYTES:
            raise BlobsRefused(f"{self.account}/{self.container}/{name}: {size} bytes are more than one request takes")
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Length": str(size)}
        headers |= {"x-ms-blob-content-type": content_type} if content_type else {}
        with closing(self._connection()) as connection:
            self._sent(connection, "PUT", self._path(name), content, headers).read()

    def remove(self, name: str) -> None:
        """Removes a blob; one that is not there is no fault. Raises BlobsRefused."""
        try:
            self._asked("DELETE", self._path(name))
        except BlobsRefused as error:
            if error.status != 404:
                raise

    def _path(self, name: str) -> str:
        return f"/{urllib.parse.quote(name)}"

    def _asked(self, method: str, path: str) -> bytes:
        with closing(self._connection()) as connection:
            return self._sent(connection, method, path).read()

    def _connection(self) -> http.client.HTTPConnection:
        parts = urllib.parse.urlsplit(self.base)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.netloc, timeout=TIMEOUT_S)

    def _sent(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        content: IO[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        below = urllib.parse.urlsplit(self.base).path
        given = {"Authorization": f"Bearer {self.token}", "x-ms-version": VERSION, **(headers or {})}
        try:
            connection.request(method, f"{below}/{self.container}{path}", content, given)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            why = type(error).__name__
            raise BlobsRefused(f"storage account {self.account} does not answer ({why}). {_MEND}") from None
        if answer.status >= 300:
            code = answer.getheader("x-ms-error-code") or f"status {answer.status}"
            answer.read()
            raise BlobsRefused(f"{self.account}/{self.container}: {code}. {_MEND}", answer.status)
        return answer


def blobs_of(place: RunTarget, account: str, container: str) -> AzureBlobs:
    """A container of a storage account, as a run reaches it. Raises NotReady when nobody is logged in at Azure."""
    simulated = place.environ.get(BLOB_API) if place.target is Target.SANDBOX else None
    if simulated:
        return AzureBlobs(account, container, f"{simulated}/{account}", "simulated")
    return AzureBlobs(account, container, f"https://{account}.blob.core.windows.net", token_for(place, _RESOURCE))
