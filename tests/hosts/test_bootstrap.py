"""The bootstrap script runs here for real, into a folder, with stand-ins for the programs that change a machine."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from hosts.bootstrap import Bootstrap, script
from hosts.cloud_init import PATH, user_data
from tests.components.declared import platform

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExam operator"
DOCKER_KEY = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"

# Each stand-in keeps its part of the machine's state in $STATE and writes what it was asked to $STATE/log.
# The key file that the stand-in of curl brings holds its own fingerprint, which the stand-in of gpg reads.
STAND_INS = {
    "id": """case "$1" in
  -u) [ $# = 1 ] && { echo 0; exit; }; grep -qx "$2" $STATE/users || exit 1; echo 1001 ;;
  -nG) cat $STATE/groups ;;
esac""",
    "dpkg-query": """for name; do :; done; grep -qx "$name" $STATE/packages && echo -n installed""",
    "dpkg": "echo amd64",
    "apt-get": """case " $* " in *" install "*) for name; do echo "$name" >> $STATE/packages; done ;; esac""",
    "curl": """for out; do :; done; cp $STATE/offered-key "$out" """,
    "gpg": """for file; do :; done; [ -f "$file" ] || exit 2; printf 'pub:-:4096:\\nfpr:::::::::%s:\\n' $(cat $file)""",
    "dockerd": "exit ${DOCKERD_SAYS:-0}",
    "systemctl": "",
    "useradd": """echo "$6" >> $STATE/users; mkdir -p "$3" """,
    "usermod": "echo docker > $STATE/groups",
    "chown": "",
    "sysctl": "exit ${SYSCTL_SAYS:-0}",
    "swapon": """[ "$1" = --show=NAME ] && { cat $STATE/swap; exit; }; echo "$1" > $STATE/swap""",
    "mkswap": "",
    "ufw": """case "$*" in
  "show added") cat $STATE/rules ;;
  "status"*) cat $STATE/firewall ;;
  "allow "*) echo "ufw $*" >> $STATE/rules ;;
  "--force enable")
    grep -q 'allow 2222/tcp' $STATE/rules || { echo "locked out" >&2; exit 1; }
    printf 'Status: active\\nDefault: deny (incoming), allow (outgoing), deny (routed)\\n' > $STATE/firewall ;;
esac""",
    "sshd": """[ "$1" = -T ] && { echo "port 2222"; exit; }; exit ${SSHD_SAYS:-0}""",
}


class Box:
    """A machine in a folder."""

    def __init__(self, folder: Path) -> None:
        self.root, self.state, self.bin = folder / "root", folder / "state", folder / "bin"
        for place in (self.root / "etc", self.state, self.bin, folder / "home" / ".ssh"):
            place.mkdir(parents=True)
        self.home = folder / "home"
        (self.home / ".ssh" / "authorized_keys").write_text(f'command="echo no" {KEY}\n{KEY}\n')
        (self.root / "etc" / "os-release").write_text("ID=ubuntu\nVERSION_CODENAME=noble\n")
        (self.root / "etc" / "fstab").write_text("# disks\n")
        for name in ("users", "groups", "packages", "swap", "rules", "log"):
            (self.state / name).touch()
        (self.state / "firewall").write_text("Status: inactive\n")
        (self.state / "offered-key").write_text(DOCKER_KEY)
        for name, body in STAND_INS.items():
            program = self.bin / name
            program.write_text(f'#!/bin/bash\necho "{name} $*" >> $STATE/log\n{body}\n')
            program.chmod(0o755)

    def run(self, bootstrap: Bootstrap, **more: str) -> subprocess.CompletedProcess[str]:
        """Runs the command as the host's shell would get it."""
        environment = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(self.home),
            "ROOT": str(self.root),
            "STATE": str(self.state),
            **more,
        }
        return subprocess.run(
            ["bash", "-c", bootstrap.command("root")], env=environment, capture_output=True, text=True, check=False
        )

    def tree(self) -> dict[str, str]:
        """Every file with its mode, time and content."""
        return {
            str(file.relative_to(self.root)): f"{file.stat().st_mode:o} {file.stat().st_mtime_ns} "
            + hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(self.root.rglob("*"))
            if file.is_file()
        }

    def asked(self) -> list[str]:
        """What the stand-ins were asked to do since the last time, without mere questions."""
        lines = (self.state / "log").read_text().splitlines()
        (self.state / "log").write_text("")
        questions = ("id ", "dpkg", "gpg ", "ufw s", "swapon --show", "sshd -T", "dockerd --validate")
        return [line for line in lines if not line.startswith(questions)]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


WANTED = Bootstrap(ssh_port=22, swap_mb=1)


def test_a_second_run_changes_nothing_and_says_so(box: Box) -> None:
    """The first run prepares the machine; the second writes no file, runs nothing and says that it did nothing."""
    first = box.run(WANTED)
    assert first.returncode == 0, first.stderr
    tree = box.tree()
    assert any(line.startswith("apt-get") for line in box.asked())
    second = box.run(WANTED)
    assert second.returncode == 0, second.stderr
    assert second.stdout == f"Nothing to change: this host is at {WANTED.version}.\n"
    assert box.tree() == tree
    assert box.asked() == ["systemctl enable --quiet --now docker"]


def test_the_machine_carries_its_version_and_no_leftovers(box: Box) -> None:
    """The version is written, temporary files and marks are gone, and the operator's keys (no others) let deploy in."""
    box.run(WANTED)
    assert (box.root / "etc/smarteros/host-version").read_text() == f"{WANTED.version}\n"
    assert [name for name in box.tree() if ".smarteros." in name or "unsettled/" in name] == []
    assert (box.root / "home/deploy/.ssh/authorized_keys").read_text() == f"{KEY}\n"


def test_the_ssh_port_is_open_before_the_firewall_is_on(box: Box) -> None:
    """The port that sshd really has is allowed too, when the settings are wrong about it, and before `enable`."""
    done = box.run(WANTED)
    assert done.returncode == 0, done.stderr
    rules = (box.state / "rules").read_text().split("\n")
    assert rules[:-1] == [f"ufw allow {port}/tcp" for port in (22, 2222, 80, 443)]


def test_another_key_in_place_of_dockers_is_refused(box: Box) -> None:
    """Nothing is installed from Docker's site when the key there is not the pinned one."""
    (box.state / "offered-key").write_text("0" * 40)
    done = box.run(WANTED)
    assert done.returncode == 1
    assert f"is not {DOCKER_KEY}. Nothing was installed" in done.stderr
    assert "docker-ce" not in (box.state / "packages").read_text()
    assert not (box.root / "etc/apt/keyrings/docker.asc").exists()


def test_settings_that_sshd_refuses_are_taken_back(box: Box) -> None:
    """sshd is never reloaded with a configuration that it does not accept."""
    done = box.run(WANTED, SSHD_SAYS="255")
    assert done.returncode == 1
    assert "it was taken back" in done.stderr
    assert not (box.root / "etc/ssh/sshd_config.d/00-smarteros.conf").exists()
    assert not any("reload" in line and "ssh" in line for line in box.asked())
    assert not (box.root / "etc/smarteros/host-version").exists()


def test_a_machine_without_any_key_is_left_alone(box: Box) -> None:
    """Password login is not switched off when nobody could log in otherwise."""
    (box.home / ".ssh" / "authorized_keys").unlink()
    done = box.run(WANTED)
    assert done.returncode == 1
    assert "nobody could log in" in done.stderr
    assert not (box.root / "etc/ssh").exists()


def test_an_interrupted_run_is_completed_by_the_next(box: Box) -> None:
    """A file that was written while the program that reads it was not told yet: the next run tells it."""
    assert box.run(WANTED, SYSCTL_SAYS="1").returncode == 1
    box.asked()
    assert box.run(WANTED).returncode == 0
    assert [line for line in box.asked() if line.startswith("sysctl")] == [
        f"sysctl -q -p {box.root}/etc/sysctl.d/90-smarteros.conf"
    ]


def test_other_systems_are_refused(box: Box) -> None:
    """Another distribution is named, before anything is changed."""
    (box.root / "etc" / "os-release").write_text("ID=fedora\nVERSION_CODENAME=''\n")
    done = box.run(WANTED)
    assert done.returncode == 1
    assert "Ubuntu 24.04 or Debian 12 is needed, this is fedora" in done.stderr
    assert box.asked() == []


def test_no_swap_file_is_made_when_there_is_swap_already(box: Box) -> None:
    """A machine with swap keeps what it has."""
    (box.state / "swap").write_text("/dev/sda2\n")
    box.run(WANTED)
    assert not (box.root / "swapfile").exists()
    assert "/swapfile" not in (box.root / "etc/fstab").read_text()


def test_the_version_follows_script_and_parameters() -> None:
    """Two hosts with the same script and parameters have the same version; any difference shows."""
    assert Bootstrap().version == Bootstrap().version
    others = [Bootstrap(ssh_port=2222), Bootstrap(deploy_user="x"), Bootstrap(swap_mb=0), Bootstrap(deploy_keys=[KEY])]
    assert len({Bootstrap().version, *(other.version for other in others)}) == 5


def test_another_user_than_root_needs_sudo() -> None:
    """The command asks for no password and is a whole shell command either way."""
    assert Bootstrap().command("admin").startswith("sudo -n env SSH_PORT=22 ")
    for user in ("root", "admin"):
        subprocess.run(["bash", "-n"], input=Bootstrap().command(user), text=True, check=True)


def test_the_script_is_clean(tmp_path: Path) -> None:
    """bash accepts the script, and shellcheck too where it is installed."""
    file = tmp_path / "bootstrap.sh"
    file.write_text(script())
    subprocess.run(["bash", "-n", file], check=True)
    if shellcheck := shutil.which("shellcheck"):
        subprocess.run([shellcheck, file], check=True)


def test_cloud_init_carries_the_script_once() -> None:
    """The user data is the same script with the same version, and names who may log in."""
    wanted = Bootstrap(deploy_keys=[KEY])
    text = user_data(wanted)
    assert text.startswith("#cloud-config\n")
    document = yaml.safe_load(text)
    assert document["write_files"][0]["content"] == script()
    assert text.count("set -euo pipefail") == 1
    command = document["runcmd"][0]
    assert command[-2:] == ["bash", PATH]
    assert f"HOST_VERSION={wanted.version}" in command
    assert f"DEPLOY_KEYS={KEY}" in command
    with pytest.raises(ValueError, match="at least one public key"):
        user_data(Bootstrap())


def test_the_ssh_server_takes_as_many_connections_as_the_provider_opens(box: Box) -> None:
    """The Docker provider opens one for each thing on the host, all at once; beyond MaxStartups sshd drops them."""
    box.run(WANTED)
    said = (box.root / "etc/ssh/sshd_config.d/00-smarteros.conf").read_text()
    (line,) = [line for line in said.splitlines() if line.startswith("MaxStartups")]
    before_any_is_dropped = int(line.split()[1].split(":")[0])
    opened = max(sum(one.token.startswith("docker:") for one in platform(stack)) for stack in ("prod", "backup"))
    assert opened > 20, "else nothing was counted"
    assert before_any_is_dropped > opened
