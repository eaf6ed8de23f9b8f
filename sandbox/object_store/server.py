"""The process: moto's S3 behind a mirror in files, and a store's bad day on demand."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sandbox.home import Home, read_json

__all__ = ["FAULT_FILE", "Mirrored", "serve"]

FAULT_FILE = "object-store-fault.json"
"""In the sandbox's folder: {"status": 503, "times": 3}, the answer of the next requests."""
GRACE_S = 30.0
"""For how long it outlives the sandbox's server, which may be starting anew."""
_BODY = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>planned</Message></Error>"
_CODES = {429: b"SlowDown", 503: b"SlowDown", 507: b"InsufficientStorage", 403: b"AccessDenied"}
_ACCOUNT, _PARTITION = "123456789012", "aws"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def serve(folder: Path, port: int) -> None:
    """In the foreground, at 127.0.0.1, for as long as the folder's sandbox runs."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    home = Home(folder.resolve())
    store = Mirrored(DomainDispatcherApplication(create_backend_app), home.folder)
    server = make_server("127.0.0.1", port, store, threaded=True)
    threading.Thread(target=_end_with_it, args=(home, server), daemon=True).start()
    server.serve_forever()


def _end_with_it(home: Home, server: Any) -> None:
    seen = time.monotonic()
    while time.monotonic() - seen < GRACE_S:
        if home.running() is not None:
            seen = time.monotonic()
        if not home.folder.exists():
            break
        time.sleep(1)
    server.shutdown()


class Mirrored:
    """moto's S3, whose objects are files, too: written before a request is answered."""

    def __init__(self, app: Wsgi, folder: Path) -> None:
        self._app, self._folder, self._faults = app, folder / "object-store", folder / FAULT_FILE
        self._lock = threading.Lock()
        self._load()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers a request."""
        fault = self._fault()
        if fault:
            with contextlib.suppress(OSError, ValueError):
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(f"{fault} Planned", [("Content-Type", "application/xml"), ("Retry-After", "1")])
            return [_BODY % _CODES.get(fault, b"InternalError")]
        answer = list(self._app(environ, start_response))
        if environ["REQUEST_METHOD"] in ("PUT", "POST", "DELETE"):
            self._keep(environ)
        return answer

    def _fault(self) -> int:
        with self._lock:
            planned = read_json(self._faults, "remove it") or {}
            times = int(planned.get("times", 0))
            if times <= 0:
                return 0
            draft = self._faults.with_suffix(".new")
            draft.write_text(f'{{"status": {int(planned["status"])}, "times": {times - 1}}}')
            draft.replace(self._faults)
            return int(planned["status"])

    def _keep(self, environ: dict[str, Any]) -> None:
        bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
        there = _buckets().get(bucket)
        with self._lock:
            if there is not None:
                (self._folder / bucket).mkdir(parents=True, exist_ok=True, mode=0o700)
            for one in [key] if key else self._names(bucket):
                found = there.keys.get(one) if there is not None else None
                file = self._file(bucket, one)
                if found is None:
                    file.unlink(missing_ok=True)
                elif key:
                    draft = file.with_name(f".{threading.get_ident()}.new")
                    draft.write_bytes(found.value)
                    draft.replace(file)

    def _names(self, bucket: str) -> list[str]:
        """Of many objects that one request may have deleted."""
        folder = self._folder / bucket
        return [unquote(file.name) for file in folder.iterdir()] if folder.is_dir() else []

    def _file(self, bucket: str, key: str) -> Path:
        return self._folder / bucket / quote(key, safe="")

    def _load(self) -> None:
        from moto.s3.models import s3_backends

        backend = s3_backends[_ACCOUNT][_PARTITION]
        for folder in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            if folder.name not in backend.buckets:
                backend.create_bucket(folder.name, "us-east-1")
            for file in folder.iterdir():
                if not file.name.startswith("."):
                    backend.put_object(folder.name, unquote(file.name), file.read_bytes())


def _buckets() -> Any:
    from moto.s3.models import s3_backends

    return s3_backends[_ACCOUNT][_PARTITION].buckets
