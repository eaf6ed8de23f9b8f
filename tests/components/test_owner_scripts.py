"""The scripts that make the owners of Odoo and Chatwoot, run by bash and Ruby beside what stands for each."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.services import chatwoot, odoo

PASSWORD = "Pa55wordOf-theKeyring"
DATABASE = """
import json, os
from pathlib import Path
FILE = Path(os.environ["STAGE"]) / "database.json"
def read(): return json.loads(FILE.read_text())
def write(found): FILE.write_text(json.dumps(found))
"""
PSYCOPG = """
from database import read
class Cursor:
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def execute(self, statement): assert "ir_module_module" in statement
    def fetchone(self): return (read()["filled"],)
class Connection(Cursor):
    def cursor(self): return Cursor()
def connect(**told):
    assert (told["password"], told["sslmode"], told["dbname"]) == ("a%b", "disable", "odoo"), told
    return Connection()
"""
ODOO = """
import sys
from database import read, write
found = read()
found["calls"].append(sys.argv[1:])
write(found)
if found["breaks"]: sys.exit(3)
assert sys.argv[sys.argv.index("-d") + 1] == "odoo"
if sys.argv[1] != "shell":
    write({**found, "filled": True, "password": "hash of admin"})
    sys.exit(0)
if found["shell_breaks"]: sys.exit(0)
pending = dict(read())
class Context:
    def verify(self, password, kept): return kept == "hash of " + password
class Users:
    id = 2
    def _crypt_context(self): return Context()
    def write(self, values): pending["password"] = "hash of " + values["password"]
class Cursor:
    def execute(self, statement, values): assert values == [2] and "res_users" in statement
    def fetchone(self): return (pending["password"],)
    def commit(self): write({**pending, "commits": pending["commits"] + 1})
class Env(dict):
    cr = Cursor()
    def ref(self, name):
        assert name == "base.user_admin"
        return Users()
exec(sys.stdin.read(), {"env": Env({"res.users": Users()})})
"""


class OdooStage:
    """The script beside an Odoo and a PostgreSQL of a few lines each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in {"database.py": DATABASE, "psycopg2.py": PSYCOPG, "odoo_here.py": ODOO}.items():
            (folder / name).write_text(text)
        for name, runs in {"python3": "", "odoo": f" {folder}/odoo_here.py"}.items():
            program = folder / name
            program.write_text(f'#!/bin/sh\nexec {sys.executable}{runs} "$@"\n')
            program.chmod(0o700)
        settings = {"db_host": "h", "db_port": "5432", "db_user": "odoo", "db_password": "a%b", "db_sslmode": "disable"}
        lines = ["[options]", *(f"{key} = {value}" for key, value in settings.items())]
        (folder / "odoo.conf").write_text("\n".join(lines))
        (folder / "password").write_text(PASSWORD)
        self.write(filled=False, password="", calls=[], commits=0, breaks=False, shell_breaks=False)

    def write(self, **changed: object) -> None:
        """What is in the database."""
        file = self.folder / "database.json"
        found = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(found | changed))

    @property
    def found(self) -> dict[str, object]:
        """The same, read."""
        return dict(json.loads((self.folder / "database.json").read_text()))

    def run(self) -> subprocess.CompletedProcess[str]:
        """The script as the container runs it."""
        owner_env = {
            "ODOO_RC": f"{self.folder}/odoo.conf",
            "SMOS_ODOO_DATABASE": "odoo",
            "SMOS_OWNER_PASSWORD_FILE": f"{self.folder}/password",
        }
        return subprocess.run(
            ["/bin/bash", "-c", odoo.owner_script()],
            env={
                "PATH": f"{self.folder}:/usr/bin:/bin",
                "PYTHONPATH": str(self.folder),
                "STAGE": str(self.folder),
                **owner_env,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def stage(tmp_path: Path) -> OdooStage:
    """A fresh one."""
    return OdooStage(tmp_path)


def test_odoos_database_is_filled_once_and_its_administrator_has_the_keyrings_password(stage: OdooStage) -> None:
    """And never Odoo's own; a second time it asks and changes nothing."""
    first = stage.run()
    assert first.returncode == 0, first.stderr
    assert (stage.found["password"], stage.found["commits"]) == (f"hash of {PASSWORD}", 1)
    second = stage.run()
    assert second.returncode == 0, second.stderr
    calls = stage.found["calls"]
    assert isinstance(calls, list)
    assert [call[0] for call in calls] == ["-d", "shell", "shell"]
    assert stage.found["commits"] == 1


def test_another_password_of_the_keyring_reaches_odoo(stage: OdooStage) -> None:
    """`./smos keys generate --replace` and `up` is all."""
    stage.write(filled=True, password="hash of the former one")
    assert stage.run().returncode == 0
    assert stage.found["password"] == f"hash of {PASSWORD}"


@pytest.mark.parametrize("what", ["breaks", "shell_breaks"])
def test_without_its_password_odoo_is_not_started(stage: OdooStage, what: str) -> None:
    """Odoo's shell ends well whatever happens in it: so it must say that it is done."""
    stage.write(**{what: True})
    done = stage.run()
    assert done.returncode != 0
    assert stage.found["password"] != f"hash of {PASSWORD}"


def test_nothing_of_the_password_is_in_a_log_or_an_argument(stage: OdooStage) -> None:
    """What it prints is in the container's log; arguments are everybody's to read."""
    done = stage.run()
    assert PASSWORD not in done.stdout + done.stderr + json.dumps(stage.found["calls"])


CHATWOOT = """
module Redis; class Alfred
  CHATWOOT_INSTALLATION_ONBOARDING = 'CHATWOOT_INSTALLATION_ONBOARDING'.freeze
  @kept = { CHATWOOT_INSTALLATION_ONBOARDING => 'true' }
  def self.get(key) = @kept[key]
  def self.delete(key) = ENV['STUCK'] ? nil : @kept.delete(key)
end; end
class User
  attr_accessor :email, :name, :type, :password, :password_confirmation
  def self.find_by(email:) = ENV['THERE'] ? new(email: email, there: true) : nil
  def initialize(email:, name: nil, there: false)
    @email, @name, @there, @confirmed = email, name, there, there
  end
  def persisted? = @there
  def valid_password?(word) = ENV['THERE'] == word
  def confirmed? = @confirmed
  def skip_confirmation! = @confirmed = true
  def save!
    raise 'not confirmed' unless @confirmed
    raise 'Password must contain a special character' if password && password !~ /[-_+=]/
    puts "saved #{type} #{email} #{password == password_confirmation} #{password ? 'new' : 'same'} password"
  end
end
"""


def chatwoots(folder: Path, **owner_env: str) -> subprocess.CompletedProcess[str]:
    """The script as `rails runner` runs it, with what stands for Chatwoot's classes before it."""
    ruby = shutil.which("ruby")
    if ruby is None:
        pytest.skip("no Ruby here: the script that makes Chatwoot's owner was not run")
    (folder / "password").write_text(PASSWORD + "\n")
    given = {"SMOS_OWNER_EMAIL": "Dev@Example.com", "SMOS_OWNER_PASSWORD_FILE": f"{folder}/password"}
    return subprocess.run(
        [ruby, "-e", CHATWOOT + chatwoot.owner_script()],
        env={"PATH": "/usr/bin:/bin", **given, **owner_env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_chatwoot_has_its_super_administrator_and_its_page_is_shut(tmp_path: Path) -> None:
    """Made with the keyring's password, which Chatwoot's own rule for passwords accepts."""
    done = chatwoots(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "saved SuperAdmin dev@example.com true new password" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(("there", "which"), [(PASSWORD, "same"), ("the former one", "new")])
def test_chatwoots_super_administrator_keeps_or_gets_the_password(tmp_path: Path, there: str, which: str) -> None:
    """Who is there already is made one, and gets the keyring's password where he has another."""
    done = chatwoots(tmp_path, THERE=there)
    assert done.returncode == 0, done.stderr
    assert f"saved SuperAdmin dev@example.com true {which} password" in done.stdout


def test_chatwoots_web_is_not_started_while_its_page_is_open(tmp_path: Path) -> None:
    """A mark that stays ends the preparation."""
    done = chatwoots(tmp_path, STUCK="1")
    assert done.returncode == 1
    assert "still open" in done.stderr
