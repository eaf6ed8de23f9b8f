"""The life of a step that is one file of the tests: declared by the real engine, drifting, left, archived and back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.test_tenant_end import Planter
from tests.integration.test_tenant_kills import write_file

pytestmark = pytest.mark.slow
SLUG, NAME = "guestbook-1", "guests_guestbook_1"
SMOS = """
import os, sys
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")  # as ./smos does
sys.path.insert(0, ".")
from tenants import steps
at = steps.MODULES.index("tenants.steps.vault")
steps.MODULES = (*steps.MODULES[:at], "tests.tenants.made_up_step", *steps.MODULES[at:])
from cli.__main__ import main
main()
"""
"""`smos`, with one step more."""
ALLOWED, WITH_IT = "(t|n8n)_", "(t|n8n|guests)_"
DELETE = ("delete", SLUG, "--yes", "--confirm", SLUG, "--json")


class Guests:
    """A platform whose tenants have a guestbook."""

    def __init__(self, clone: Clone) -> None:
        self.clone, self.script = clone, clone.root / "with_guestbook.py"
        self.script.write_text(SMOS)
        self.planter = Planter(clone)

    def run(self, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """`smos tenant WORDS`."""
        python = str(self.clone.root / ".venv" / "bin" / "python")
        return self.clone._run([python, str(self.script), "tenant", *words], ok)

    def facts(self, *words: str, ok: bool = True) -> dict[str, Any]:
        """What it says as JSON."""
        return last_json(self.run(*words, "--json", ok=ok).stdout)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """In the guestbook, as its owner."""
        where = {**self.planter.login, "dbname": NAME}
        with psycopg.connect(**where, autocommit=True) as connection:
            connection.execute(f'SET ROLE "{NAME}"')
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def may_log_in(self) -> bool:
        """Whether its door is open."""
        with psycopg.connect(**self.planter.login) as connection:
            found = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (NAME,)).fetchone()
        return bool(found and found[0])


@pytest.fixture
def guests(demo: Clone) -> Iterator[Guests]:
    """The step is there, and the policy pack, which judges steps, allows its kind of name. All of it goes again."""
    names = demo.root / "policy" / "known" / "names.py"
    before = names.read_text(encoding="utf-8")
    write_file(demo, 950, SLUG)
    there = Guests(demo)
    try:
        refused = there.run("apply", SLUG, ok=False)
        assert "names-own" in refused.stdout + refused.stderr
        assert ALLOWED in before
        names.write_text(before.replace(ALLOWED, WITH_IT), encoding="utf-8")
        yield there
        if (demo.home.folder / "registry" / f"{SLUG}.yaml").exists():
            there.run(*DELETE, "--no-export")
    finally:
        names.write_text(before, encoding="utf-8")
        there.script.unlink()


def test_a_step_of_one_file_lives_as_all_others(guests: Guests, tmp_path: Path) -> None:
    """Nothing but the list of steps knows of it, and the policies, which nobody's step may tell what to allow."""
    assert guests.facts("apply", SLUG)["ok"]
    assert json.loads(guests.run("show", SLUG).stdout)["known"]["guestbook"] == NAME
    assert guests.facts("apply", SLUG)["changes"] == 0
    guests.sql("CREATE TABLE public.lines (said text)")
    guests.sql("INSERT INTO public.lines VALUES ('¡hola!')")

    guests.planter.sql(f"ALTER ROLE {NAME} CONNECTION LIMIT 1")
    assert guests.facts("drift", SLUG, ok=False)["changed"] == ["guestbook-owner: connectionLimit"]
    assert guests.facts("drift", SLUG, "--mend")["mended"] is True
    guests.facts("suspend", SLUG)
    assert not guests.may_log_in()
    guests.facts("resume", SLUG)
    assert guests.may_log_in()

    first = guests.facts("export", SLUG, "--to", str(tmp_path))
    assert {"guestbook.sql", "database.sql"} <= set(first["parts"])
    assert list(first["content"]["steps"]) == ["blobs", "guestbook"]

    guests.planter.sql(f"CREATE ROLE {NAME}_copy")
    left = guests.run(*DELETE, ok=False)
    assert f"the role {NAME}_copy" in left.stdout + left.stderr
    guests.planter.sql(f"DROP ROLE {NAME}_copy")
    gone = last_json(guests.run(*DELETE).stdout)
    assert gone["left"] == 0

    guests.facts("import", gone["archive"])
    assert guests.sql("SELECT said FROM public.lines") == [("¡hola!",)]
    again = guests.facts("export", SLUG, "--to", str(tmp_path))
    assert again["content"] == first["content"]
