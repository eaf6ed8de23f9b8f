"""What lies beside tenants' states, where everybody finds it who uses those states: a folder, or a bucket that speaks
S3.

It also says which version of each state is there, without a start of the engine. It writes to no state. Of a container
of Azure's and of a service behind `pulumi login` nothing is known here: `beside` answers None for them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from deploy.target import RunTarget
from kept import Damaged, raw

__all__ = ["Beside", "Bucket", "Folder", "Stack", "beside"]

Stack = tuple[str, str]
"""Its project and its name."""
FOLDER = "known"
_STATES = ".pulumi/stacks"
_ENDINGS = (".json", ".json.gz")
_AT_ONCE = 16


class Beside(Protocol):
    """Notes beside states. What can't be read is not there."""

    def versions(self, stacks: Iterable[Stack]) -> Mapping[Stack, str]:
        """Of each state that is there, which version of it: another one after every write of it."""

    def notes(self, stacks: Iterable[Stack]) -> Mapping[Stack, bytes]:
        """The notes that are there."""

    def write(self, stack: Stack, note: bytes) -> None:
        """Keeps a note; the one before is gone. Whole or not at all."""

    def remove(self, stack: Stack) -> None:
        """Removes a note; nothing happens when there is none."""

    def remove_all(self) -> None:
        """Removes the notes of all tenants."""


def beside(place: RunTarget) -> Beside | None:
    """Of the states of a run target; None where there is nothing that both can lie in."""
    backend = place.environ.get("PULUMI_BACKEND_URL", "")
    if backend.startswith("file://"):
        return Folder(Path(backend.removeprefix("file://").partition("?")[0]).expanduser())
    if backend.startswith("s3://"):
        return Bucket(backend, place.environ)
    return None


class Folder:
    """Of states in a folder."""

    def __init__(self, folder: Path) -> None:
        self._states, self._notes = folder / _STATES, folder / FOLDER

    def versions(self, stacks: Iterable[Stack]) -> dict[Stack, str]:
        """By content: a file can be put back with its time and size."""
        return {stack: found for stack in stacks if (found := self._version(*stack))}

    def notes(self, stacks: Iterable[Stack]) -> dict[Stack, bytes]:
        """Every note, as it lies there: stack → text."""
        return {stack: found for stack in stacks if (found := _read(self._file(stack)))}

    def write(self, stack: Stack, note: bytes) -> None:
        """Writes a note as a file that its owner alone reads."""
        file = self._file(stack)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = file.with_suffix(f".{os.getpid()}.new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
            written.write(note)
        draft.replace(file)

    def remove(self, stack: Stack) -> None:
        """Removes the file of a note."""
        self._file(stack).unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Removes the files of all notes."""
        for file in self._notes.glob("*/*.json"):
            file.unlink(missing_ok=True)

    def _file(self, stack: Stack) -> Path:
        return self._notes / stack[0] / f"{stack[1]}.json"

    def _version(self, project: str, name: str) -> str:
        # The first is the one that counts, where there are both: as `tenants.state` reads it.
        for ending in _ENDINGS:
            content = _read(self._states / project / f"{name}{ending}")
            if content:
                return f"sha256:{hashlib.sha256(content).hexdigest()}"
        return ""


class Bucket:
    """Of states in a bucket that speaks S3, found by the address that the engine has, too."""

    def __init__(self, backend: str, environ: Mapping[str, str]) -> None:
        address = urlsplit(backend)
        self._bucket, self._prefix = address.netloc, address.path.strip("/")
        self._options = {name: values[-1] for name, values in parse_qs(address.query).items()}
        self._environ = environ

    def versions(self, stacks: Iterable[Stack]) -> dict[Stack, str]:
        """The bucket's own word for it (ETag)."""
        wanted, found = set(stacks), dict[Stack, str]()
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._key(f"{_STATES}/")):
            for one in page.get("Contents", ()):
                *_, project, name = str(one["Key"]).split("/")
                for ending in reversed(_ENDINGS):  # as for a folder: the plain one counts
                    stack = (project, name.removesuffix(ending))
                    if name.endswith(ending) and stack in wanted and (ending == ".json" or stack not in found):
                        found[stack] = f"etag:{one['ETag']}"
        return found

    def notes(self, stacks: Iterable[Stack]) -> dict[Stack, bytes]:
        """Several at once: each is a request."""
        wanted = list(stacks)
        with ThreadPoolExecutor(_AT_ONCE) as several:
            return {stack: note for stack, note in zip(wanted, several.map(self._note, wanted), strict=True) if note}

    def write(self, stack: Stack, note: bytes) -> None:
        """Writes a note as one object of the bucket."""
        self._client.put_object(Bucket=self._bucket, Key=self._of(stack), Body=note)

    def remove(self, stack: Stack) -> None:
        """Removes the object of a note."""
        self._client.delete_object(Bucket=self._bucket, Key=self._of(stack))

    def remove_all(self) -> None:
        """Every object below their folder."""
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._key(f"{FOLDER}/")):
            for one in page.get("Contents", ()):
                self._client.delete_object(Bucket=self._bucket, Key=one["Key"])

    def _note(self, stack: Stack) -> bytes:
        try:
            return bytes(self._client.get_object(Bucket=self._bucket, Key=self._of(stack))["Body"].read())
        except self._client.exceptions.ClientError:
            return b""

    def _of(self, stack: Stack) -> str:
        return self._key(f"{FOLDER}/{stack[0]}/{stack[1]}.json")

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    @cached_property
    def _client(self) -> Any:
        """With the credentials that the engine would find, too."""
        import boto3
        from botocore.config import Config  # type: ignore[import-untyped]  # it has no types

        options, environ = self._options, self._environ
        path_style = {"addressing_style": "path"} if options.get("s3ForcePathStyle") == "true" else {}
        endpoint, scheme = options.get("endpoint"), "http" if options.get("disableSSL") == "true" else "https"
        session = boto3.Session(
            aws_access_key_id=environ.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=environ.get("AWS_SESSION_TOKEN"),
            region_name=options.get("region") or environ.get("AWS_REGION"),
            profile_name=options.get("awssdk_profile") or options.get("profile"),
        )
        return session.client(
            "s3",
            endpoint_url=f"{scheme}://{endpoint}" if endpoint else None,
            config=Config(s3=path_style, max_pool_connections=_AT_ONCE),
        )


def _read(file: Path) -> bytes:
    try:
        return raw(file, "")
    except (Damaged, OSError):
        return b""
