"""Every record of the zone is in a backup; what is missing later is made again, and what is otherwise now stays."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from recovery.sources import zone
from recovery.sources.source import Context, SourceFailed
from recovery.sources.zone import FILE, ZoneSource
from tests.recovery.sources.contexts import context, part_of

TOKEN = "t" * 40
MAIL = {"type": "MX", "name": "example.cl", "content": "mx.example.net", "ttl": 1, "proxied": False, "priority": 10}
HOST = {"type": "A", "name": "n8n.example.cl", "content": "203.0.113.10", "ttl": 1, "proxied": True}


class Cloudflare(http.server.BaseHTTPRequestHandler):
    """Records in pages of one, and new ones."""

    records: list[dict[str, Any]]

    def do_GET(self) -> None:
        page = int(parse_qs(urlsplit(self.path).query)["page"][0])
        self._answer({"result": self.records[page - 1 : page], "result_info": {"total_pages": len(self.records)}})

    def do_POST(self) -> None:
        made = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).records = [*self.records, made]
        self._answer({"result": made})

    def _answer(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200 if self.headers["Authorization"] == f"Bearer {TOKEN}" else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """With a zone of two records."""
    Cloudflare.records = [MAIL, HOST]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cloudflare)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(zone, "means_of", lambda _place, _settings: SimpleNamespace(cloudflare=address))
    monkeypatch.setattr(zone, "keeps_in", lambda _target: tmp_path / "kept")
    expected = SimpleNamespace(name="cloudflare_api_token", entry="external/cloudflareApiToken")
    monkeypatch.setattr(zone, "expected_secrets", lambda _settings: [expected])
    settings = SimpleNamespace(cloudflare=SimpleNamespace(zone_id="0" * 32), own_machine=None, stack="prod")
    place = SimpleNamespace(target="sandbox")
    yield context(settings, place, {"external/cloudflareApiToken": TOKEN})
    server.shutdown()
    server.server_close()


def test_what_nobodys_program_made_comes_back_and_what_moved_stays(ctx: Context, tmp_path: Path) -> None:
    """The record of the mail is made again; the address of a machine that has moved is not made yesterday's."""
    source = ZoneSource()
    with source.capture(ctx, tmp_path) as captured:
        part = part_of(captured, "zone")
    assert json.loads((tmp_path / FILE).read_text())[1]["content"] == HOST["content"]
    moved = {**HOST, "content": "203.0.113.99"}
    Cloudflare.records = [moved]
    source.restore_beside(ctx, tmp_path, part, "zone_restored")
    assert source.check(ctx, part, "zone_restored") == []
    assert Cloudflare.records == [moved]
    assert source.put_in_place(ctx, part, "zone_restored") == ""
    assert Cloudflare.records == [moved, MAIL]


def test_a_file_that_came_back_otherwise_is_told(ctx: Context, tmp_path: Path) -> None:
    """By the record."""
    source = ZoneSource()
    with source.capture(ctx, tmp_path) as captured:
        part = part_of(captured, "zone")
    (tmp_path / FILE).write_text((tmp_path / FILE).read_text().replace("mx.example.net", "mx.example.org"))
    source.restore_beside(ctx, tmp_path, part, "zone_restored")
    assert any("MX example.cl" in line for line in source.check(ctx, part, "zone_restored"))


def test_a_token_that_may_not_is_told(ctx: Context, tmp_path: Path) -> None:
    """And nothing of it."""
    ctx.keyring["external/cloudflareApiToken"] = "w" * 40  # type: ignore[index] # a keyring of tests
    with pytest.raises(SourceFailed, match="does not list") as refused, ZoneSource().capture(ctx, tmp_path):
        pass
    assert "www" not in str(refused.value)
