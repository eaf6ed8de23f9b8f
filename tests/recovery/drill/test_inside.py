"""What came back is looked at by a process that reaches nobody, on a server of its own; and nothing is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from recovery.drill.order import Load, Order
from recovery.drill.sealed import DrillFailed, asked_inside
from recovery.manifest import Digests
from recovery.sources.digests import digests_of
from tests.recovery.conftest import SECRETS, Vendors

CLOSED = "from recovery.drill.network import *; assert close_network(); print(interfaces_up())"
VECTOR = {"extensions": json.dumps([["vector", "public", ""]])}


def load(vendors: Vendors, vendor: str, folder: Path, facts: dict[str, str] | None = None) -> Load:
    """A backup of one vendor's database, as its source makes it."""
    name = vendors.database(vendor)
    return Load(
        part=f"database:{name}",
        service=vendor,
        database=name,
        dump=vendors.dumped(name, folder / f"{name}.dump"),
        facts=facts or {},
        digests=digests(vendors, name),
        secrets=SECRETS,
    )


def digests(vendors: Vendors, name: str) -> Digests:
    """As a source makes them: by a connection that has no path."""
    with vendors.connect(name) as connection:
        connection.execute("SET search_path = pg_catalog")
        return digests_of(connection)


def order(folder: Path, *loads: Load) -> Order:
    """One drill's."""
    return Order(folder=folder / "work", system="smarteros", loads=loads)


def left(folder: Path) -> list[str]:
    """Processes that have anything to do with the folder."""
    return [str(one.cmdline()) for one in psutil.process_iter() if str(folder) in str(_words(one))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the server's user may enter."""
    tmp_path.chmod(0o755)
    return tmp_path


def test_databases_come_back_and_are_asked(vendors: Vendors, folder: Path) -> None:
    """Rows, contents, counters and questions; in a namespace without an interface; and all of it is gone then."""
    told = asked_inside(order(folder, load(vendors, "n8n", folder), load(vendors, "tenants", folder, VECTOR)))
    answers = {(part, one.name): one for part, loaded in told.parts.items() for one in loaded.answers}
    assert {key: one.found for key, one in answers.items() if one.outcome in ("wrong", "unproved")} == {}
    assert {one.outcome for (_, name), one in answers.items() if name == "as-in-the-manifest"} == {"right"}
    assert {one.outcome for (part, name), one in answers.items() if name == "nearest-vector"} == {"nothing", "right"}
    assert (told.closed.by, told.closed.interfaces) == ("namespace", ())
    assert not (folder / "work" / "server").exists()
    assert left(folder) == []


def test_a_lost_row_is_told(vendors: Vendors, folder: Path) -> None:
    """The manifest is what counts: a dump from which a row is missing is another one."""
    wanted = load(vendors, "tenants", folder, VECTOR)
    rows = {**wanted.digests.rows, "public.pedidos": 51}
    short = wanted.model_copy(update={"digests": Digests(**{**wanted.digests.model_dump(), "rows": rows})})
    told = asked_inside(order(folder, short))
    (found,) = (one for one in told.parts[short.part].answers if one.name == "as-in-the-manifest")
    assert found.outcome == "wrong"
    assert "public.pedidos" in found.found


def test_a_broken_dump_is_told_and_hides_no_other(vendors: Vendors, folder: Path) -> None:
    """Cut off in the middle; the database beside it is asked as ever."""
    broken, whole = load(vendors, "tenants", folder, VECTOR), load(vendors, "botpress", folder)
    content = broken.dump.read_bytes()
    broken.dump.write_bytes(content[: len(content) // 2])
    told = asked_inside(order(folder, broken, whole))
    assert [one.outcome for one in told.parts[broken.part].answers] == ["wrong"]
    assert "wrong" not in {one.outcome for one in told.parts[whole.part].answers}


def test_roles_that_a_dump_names_are_made(vendors: Vendors, folder: Path) -> None:
    """A policy for a role of the living server doesn't keep a database from coming back."""
    wanted = load(vendors, "tenants", folder, VECTOR)
    with vendors.connect(wanted.database) as connection:
        connection.execute("ALTER TABLE pedidos ENABLE ROW LEVEL SECURITY")
        vendors.scratch.role("lector")
        connection.execute("CREATE POLICY p ON pedidos TO lector USING (total > 0)")
    vendors.dumped(wanted.database, wanted.dump)
    told = asked_inside(order(folder, wanted.model_copy(update={"digests": digests(vendors, wanted.database)})))
    assert "wrong" not in {one.outcome for one in told.parts[wanted.part].answers}


def test_what_is_in_a_database_reaches_nobody(vendors: Vendors, folder: Path) -> None:
    """A dump whose check starts a program of the machine, as it is loaded, is refused that: its owner has no rights."""
    wanted = load(vendors, "tenants", folder, VECTOR)
    with vendors.connect(wanted.database) as connection:
        connection.execute(
            "CREATE FUNCTION public.escaping(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN "
            "EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch /tmp/smos-drill-escaped'''; RETURN true; "
            "EXCEPTION WHEN insufficient_privilege THEN RETURN true; END $$; "
            "ALTER TABLE pedidos ADD CHECK (public.escaping(total))"
        )
    vendors.dumped(wanted.database, wanted.dump)
    told = asked_inside(order(folder, wanted.model_copy(update={"digests": digests(vendors, wanted.database)})))
    assert told.parts[wanted.part].answers
    assert not Path("/tmp/smos-drill-escaped").exists()  # noqa: S108 - what must not be made


def test_inside_nobody_is_reached_and_it_is_counted() -> None:
    """A listener on this machine hears nothing, and the kernel has counted who wanted to reach somebody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        port = listener.getsockname()[1]
        script = f"""
import socket
from recovery.drill.network import attempts, close_network, interfaces_up
assert close_network()
before = attempts()
for family, where in ((socket.AF_INET, ("127.0.0.1", {port})), (socket.AF_INET, ("192.0.2.1", 25)),
                      (socket.AF_INET6, ("2001:db8::1", 443, 0, 0))):
    with socket.socket(family) as one:
        one.settimeout(2)
        try:
            one.connect(where)
        except OSError as error:
            print(type(error).__name__)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    try:
        one.sendto(b"mail", ("127.0.0.1", {port}))
    except OSError as error:
        print(type(error).__name__)
print(interfaces_up(), attempts() - before >= 3)
"""
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        with pytest.raises(TimeoutError):
            listener.accept()
    lines = done.stdout.splitlines()
    assert lines[-1] == "() True", done.stdout
    assert len(lines) == 5


def test_a_user_without_rights_closes_it_too() -> None:
    """An ordinary user, where the machine allows user namespaces: the same user inside as outside."""
    if os.geteuid() != 0:
        command = [sys.executable, "-c", CLOSED]
    else:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", CLOSED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "()"), done.stderr


def test_killed_in_the_middle_nothing_runs_on(vendors: Vendors, folder: Path) -> None:
    """Whoever started it is killed: the process inside ends, and its server with it."""
    wanted = order(folder, *(load(vendors, "tenants", folder, VECTOR) for _ in range(3)))
    script = (
        "import sys; from recovery.drill.order import Order; from recovery.drill.sealed import asked_inside; "
        "asked_inside(Order.model_validate_json(sys.stdin.read()))"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(wanted.model_dump_json())
    process.stdin.close()
    deadline = time.monotonic() + 60
    while not (folder / "work" / "server" / "data" / "postmaster.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while left(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left(folder) == []


def test_no_secret_is_in_arguments_or_environment(vendors: Vendors, folder: Path) -> None:
    """What opens credentials goes by standard input alone, and is in no answer."""
    told = asked_inside(order(folder, load(vendors, "n8n", folder)))
    text = told.model_dump_json()
    assert not any(value in text for value in SECRETS.values())


def test_a_process_that_breaks_says_so(folder: Path) -> None:
    """No proof comes of it."""
    (folder / "work").mkdir()
    (folder / "work" / "server").write_text("in the way")
    with pytest.raises(DrillFailed, match="Fix:"):
        asked_inside(order(folder))
