#!/usr/bin/env bash
# Prepares a machine for SmarterOS: Docker, a firewall, SSH by key alone, security updates. Ubuntu 24.04 or Debian 12.
#
# Run as root. It may run again at any time: a second run changes nothing and says so. It does not install services, and
# it does not undo what others did by hand, except in the files that it writes itself.
# Not here: backups, monitoring, and upgrades of Docker itself (a restart of it is the operators' decision).
#
# What it is told, by environment variables:
#   SSH_PORT           the port of the SSH server, which stays open        (22)
#   DEPLOY_USER        who runs containers from outside                    (deploy)
#   SWAP_MB            a swap file, if there is no swap at all; 0: none    (2048)
#   DEPLOY_KEYS        authorized_keys of that user, if it has none; by default those of who runs this
#   HOST_VERSION       written to /etc/smarteros/host-version at the end
#   ROOT               a folder to write to in place of /, for tests
set -euo pipefail

SSH_PORT=${SSH_PORT:-22}
DEPLOY_USER=${DEPLOY_USER:-deploy}
SWAP_MB=${SWAP_MB:-2048}
HOST_VERSION=${HOST_VERSION:-unversioned}
ROOT=${ROOT:-}
MARKS=$ROOT/var/lib/smarteros/unsettled
DOCKER_SITE=https://download.docker.com/linux
# Docker Release (CE deb), as published at docs.docker.com/engine/install
DOCKER_KEY=9DC858229FC7DD38854AE2D88D81803C0EBFCD88
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
export HOME=${HOME:-/root} # cloud-init sets none
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

changes=0

changed() {
  changes=$((changes + 1))
  echo "changed: $*"
}

fail() {
  echo "bootstrap: $*" >&2
  exit 1
}

# put PATH MODE [MARK] < content: writes a file if it differs. A mark says that something has to take note of the
# file; it is set before the file is written and stays until `settled`, so an interrupted run is completed by the next.
put() {
  local file=$ROOT$1 new
  mkdir -p "$(dirname "$file")"
  new=$(mktemp "$(dirname "$file")/.smarteros.XXXXXX")
  cat >"$new"
  chmod "$2" "$new"
  if [ -f "$file" ] && cmp -s "$new" "$file"; then
    rm -f "$new"
    return 0
  fi
  if [ $# -gt 2 ]; then
    mkdir -p "$MARKS"
    touch "$MARKS/$3"
  fi
  mv -f "$new" "$file"
  changed "$1"
}

marked() {
  [ -e "$MARKS/$1" ]
}

settled() {
  rm -f "$MARKS/$1"
}

apt_install() {
  local package missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  apt-get -q -o DPkg::Lock::Timeout=300 update
  apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold --no-install-recommends \
    install "${missing[@]}"
  changed "packages: ${missing[*]}"
}

check_machine() {
  [ "$(id -u)" = 0 ] || fail "must run as root"
  [ -r "$ROOT/etc/os-release" ] || fail "no /etc/os-release: this is not Ubuntu 24.04 or Debian 12"
  # shellcheck source=/dev/null
  DISTRIBUTION=$(. "$ROOT/etc/os-release" && echo "$ID")
  # shellcheck source=/dev/null
  CODENAME=$(. "$ROOT/etc/os-release" && echo "$VERSION_CODENAME")
  case $DISTRIBUTION:$CODENAME in
    ubuntu:noble | debian:bookworm) ;;
    *) fail "Ubuntu 24.04 or Debian 12 is needed, this is $DISTRIBUTION $CODENAME. Fix: reinstall the machine" ;;
  esac
}

# The key's only fingerprint must be the pinned one: neither another key, nor one more beside it.
is_docker_key() {
  [ "$(gpg --batch --with-colons --show-keys "$1" 2>/dev/null |
    awk -F: '$1 == "pub" { primary = 1 } primary && $1 == "fpr" { print $10; primary = 0 }')" = "$DOCKER_KEY" ]
}

docker_repository() {
  local key=/etc/apt/keyrings/docker.asc new
  if ! is_docker_key "$ROOT$key"; then
    new=$(mktemp)
    curl -fsSL --proto '=https' --tlsv1.2 --retry 3 --max-time 60 "$DOCKER_SITE/$DISTRIBUTION/gpg" -o "$new"
    if ! is_docker_key "$new"; then
      rm -f "$new"
      fail "the key at $DOCKER_SITE/$DISTRIBUTION/gpg is not $DOCKER_KEY. Nothing was installed"
    fi
    put "$key" 644 <"$new"
    rm -f "$new"
  fi
  put /etc/apt/sources.list.d/docker.sources 644 <<EOF
Types: deb
URIs: $DOCKER_SITE/$DISTRIBUTION
Suites: $CODENAME
Components: stable
Architectures: $(dpkg --print-architecture)
Signed-By: $key
EOF
}

docker_engine() {
  # Written before the engine's first start. live-restore: containers survive a restart of the engine. The user-land
  # proxy hides client addresses and costs memory for each port. Logs rotate by default, so that no disk fills up.
  put /etc/docker/daemon.json 644 docker <<'EOF'
{
  "exec-opts": ["native.cgroupdriver=systemd"],
  "live-restore": true,
  "log-driver": "local",
  "log-opts": { "max-file": "3", "max-size": "10m" },
  "no-new-privileges": true,
  "userland-proxy": false
}
EOF
  apt_install docker-ce docker-ce-cli containerd.io
  dockerd --validate --config-file="$ROOT/etc/docker/daemon.json" >/dev/null 2>&1 ||
    fail "Docker refuses /etc/docker/daemon.json; the running engine was left alone"
  systemctl enable --quiet --now docker
  marked docker || return 0
  systemctl restart docker
  settled docker
}

container_processes() {
  # Docker has no default limit of processes, and its Pulumi provider can't set one. Each container is a scope of systemd's,
  # docker-<id>.scope, and a scope takes the settings of its name's first part.
  put /etc/systemd/system/docker-.scope.d/50-smarteros.conf 644 scopes <<'EOF'
[Scope]
TasksMax=1024
EOF
  marked scopes || return 0
  systemctl daemon-reload
  settled scopes
}

restarts() {
  # Docker restarts what ends, never what hangs. Each minute, whatever says that it is unhealthy is restarted: of the
  # platform's containers alone, once it has been healthy since its start or has had half an hour for it (a migration may
  # take that long), and three times an hour at most. What it did and what it left alone stands in the journal.
  put /usr/local/sbin/smarteros-restart-unhealthy 755 <<'EOF'
#!/usr/bin/env bash
# Restarts SmarterOS's containers that are unhealthy. See docs/environments.md.
set -eu -o pipefail
export LC_ALL=C

STATE=${STATE:-/run/smarteros}  # healthy/ID: the start at which it was seen healthy; restarts/NAME: when, a line each
MOST=3                          # restarts of one container in an hour
STARTING_S=1800                 # how long one may take to become healthy
now=${NOW:-$(date +%s)}

restarted_lately() {
  local times=$STATE/restarts/$1 found
  [ -f "$times" ] || { echo 0; return 0; }
  found=$(awk -v since=$((now - 3600)) '$1 > since' "$times")
  printf '%s\n' "$found" | sed '/^$/d' >"$times"
  wc -l <"$times"
}

restart() {
  local name=$1 count
  count=$(restarted_lately "$name")
  if [ "$count" -ge "$MOST" ]; then
    [ -e "$STATE/left-alone/$name" ] && return 0
    touch "$STATE/left-alone/$name"
    echo "left alone: $name is unhealthy and was restarted $count times within the hour: docker logs $name"
    return 0
  fi
  rm -f "$STATE/left-alone/$name"
  echo "$now" >>"$STATE/restarts/$name"
  if timeout 300 docker restart "$name" >/dev/null; then
    echo "restarted: $name was unhealthy ($((count + 1)) of $MOST within the hour)"
  else
    echo "failed: docker restart $name"
  fi
}

mkdir -p "$STATE/healthy" "$STATE/restarts" "$STATE/left-alone"
mapfile -t ids < <(docker ps --quiet --no-trunc --filter label=smarteros.system)
[ "${#ids[@]}" -gt 0 ] || exit 0
shape='{{.Id}} {{slice .Name 1}} {{.State.StartedAt}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}'
# One that is gone in the meantime is no reason to leave the others.
docker inspect --format "$shape" "${ids[@]}" 2>/dev/null >"$STATE/seen" || true
while read -r id name started health; do
  case $health in
    healthy)
      echo "$started" >"$STATE/healthy/$id"
      rm -f "$STATE/left-alone/$name"
      ;;
    unhealthy)
      if [ "$(cat "$STATE/healthy/$id" 2>/dev/null)" = "$started" ] ||
        [ $((now - $(date -d "$started" +%s))) -ge "$STARTING_S" ]; then
        restart "$name"
      fi
      ;;
  esac
done <"$STATE/seen"
EOF
  put /etc/systemd/system/smarteros-restart-unhealthy.service 644 restarts <<'EOF'
[Unit]
Description=Restarts SmarterOS's containers that are unhealthy
After=docker.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/smarteros-restart-unhealthy
RuntimeDirectory=smarteros
RuntimeDirectoryPreserve=yes
TimeoutStartSec=20min
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
EOF
  put /etc/systemd/system/smarteros-restart-unhealthy.timer 644 restarts <<'EOF'
[Unit]
Description=Each minute

[Timer]
OnBootSec=5min
OnUnitInactiveSec=1min
AccuracySec=5s

[Install]
WantedBy=timers.target
EOF
  marked restarts || return 0
  systemctl daemon-reload
  systemctl enable --quiet --now smarteros-restart-unhealthy.timer
  settled restarts
}

deploy_user() {
  local home=/home/$DEPLOY_USER keys=${DEPLOY_KEYS:-} own=$HOME
  if ! id -u "$DEPLOY_USER" >/dev/null 2>&1; then
    useradd --create-home --home-dir "$ROOT$home" --shell /bin/bash "$DEPLOY_USER"
    changed "user $DEPLOY_USER"
  fi
  case " $(id -nG "$DEPLOY_USER") " in
    *" docker "*) ;;
    *)
      usermod --append --groups docker "$DEPLOY_USER"
      changed "user $DEPLOY_USER in group docker"
      ;;
  esac
  [ ! -s "$ROOT$home/.ssh/authorized_keys" ] || return 0
  [ -z "${SUDO_USER:-}" ] || own=$(getent passwd "$SUDO_USER" | cut -d: -f6)
  if [ -z "$keys" ] && [ -s "$own/.ssh/authorized_keys" ]; then
    # Lines with options are left out: cloud images have one for root that only says "log in as another user".
    keys=$(grep -E '^(ssh|ecdsa|sk)-' "$own/.ssh/authorized_keys" || true)
  fi
  [ -n "$keys" ] || fail "nobody could log in: neither $own/.ssh/authorized_keys nor DEPLOY_KEYS has a key"
  put "$home/.ssh/authorized_keys" 600 <<<"$keys"
  chmod 700 "$ROOT$home/.ssh"
  chown -R "$DEPLOY_USER:" "$ROOT$home/.ssh"
}

kernel() {
  # overcommit: Redis forks to save, and must not be refused the copy that it never makes. max_map_count: search engines
  # and vector stores map many files. somaxconn: the queue of new connections of a proxy in a rush. swappiness: swap is
  # for the rare peak, databases stay in memory. redirects: this machine believes no other about routes.
  put /etc/sysctl.d/90-smarteros.conf 644 sysctl <<'EOF'
vm.overcommit_memory = 1
vm.max_map_count = 262144
vm.swappiness = 10
net.core.somaxconn = 4096
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv6.conf.all.accept_redirects = 0
EOF
  marked sysctl || return 0
  sysctl -q -p "$ROOT/etc/sysctl.d/90-smarteros.conf"
  settled sysctl
}

swap() {
  [ "$SWAP_MB" -gt 0 ] || return 0
  [ -z "$(swapon --show=NAME --noheadings)" ] || return 0
  local file=$ROOT/swapfile free_mb
  free_mb=$(df --output=avail -m "${ROOT:-/}" | tail -n 1)
  if [ "$free_mb" -lt $((SWAP_MB * 4)) ]; then
    echo "left alone: no swap file, only $free_mb MB are free"
    return 0
  fi
  if [ ! -f "$file" ]; then
    fallocate --length "${SWAP_MB}M" "$file.new"
    chmod 600 "$file.new"
    mkswap "$file.new" >/dev/null
    mv "$file.new" "$file"
  fi
  swapon "$file"
  grep -q '^/swapfile ' "$ROOT/etc/fstab" 2>/dev/null || echo '/swapfile none swap sw 0 0' >>"$ROOT/etc/fstab"
  changed "swap of $SWAP_MB MB"
}

journal() {
  put /etc/systemd/journald.conf.d/50-smarteros.conf 644 journald <<'EOF'
[Journal]
SystemMaxUse=500M
MaxRetentionSec=1month
EOF
  marked journald || return 0
  systemctl restart systemd-journald
  settled journald
}

updates() {
  # Docker is not among the origins: its upgrades restart it, so they are made by hand. No reboot by itself either.
  put /etc/apt/apt.conf.d/20auto-upgrades 644 <<'EOF'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
EOF
  put /etc/apt/apt.conf.d/52smarteros 644 <<'EOF'
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::Remove-Unused-Dependencies "true";
Unattended-Upgrade::Automatic-Reboot "false";
EOF
}

# The SSH ports come first, the one that sshd really has included: the operator's own connection is never cut.
# Ports that Docker publishes bypass this firewall (Docker writes its own rules): only Traefik publishes any.
firewall() {
  local rule rules added status
  mapfile -t rules < <({
    echo "$SSH_PORT"
    "$(command -v sshd)" -T 2>/dev/null | awk '$1 == "port" { print $2 }'
  } | sort -u | sed 's,$,/tcp,')
  added=$(ufw show added)
  for rule in "${rules[@]}" 80/tcp 443/tcp; do
    grep -qx "ufw allow $rule" <<<"$added" && continue
    ufw allow "$rule" >/dev/null
    changed "firewall: allow $rule"
  done
  status=$(ufw status verbose)
  if ! grep -q '^Default: deny (incoming), allow (outgoing)' <<<"$status"; then
    ufw default deny incoming >/dev/null
    ufw default allow outgoing >/dev/null
    changed "firewall: what is not allowed is denied"
  fi
  ! grep -q '^Status: active' <<<"$status" || return 0
  ufw --force enable >/dev/null
  changed "firewall: on"
}

# First in the folder, because sshd takes the first value that it reads. Taken back when sshd does not accept it.
# Forwards to this machine's networks stay allowed: they are how operators reach the databases.
ssh_server() {
  local file=/etc/ssh/sshd_config.d/00-smarteros.conf before
  before=$(mktemp)
  cp "$ROOT$file" "$before" 2>/dev/null || rm -f "$before"
  mkdir -p "$ROOT/run/sshd" # sshd -t wants it; with socket activation it may not be there yet
  put $file 644 sshd <<'EOF'
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitEmptyPasswords no
AllowTcpForwarding local
GatewayPorts no
AllowAgentForwarding no
X11Forwarding no
MaxAuthTries 4
# The Docker provider opens a connection for each thing that it does, dozens at once; sshd's own 10:30:100 drops some.
MaxStartups 100:30:200
ClientAliveInterval 60
ClientAliveCountMax 3
EOF
  if marked sshd; then
    if ! "$(command -v sshd)" -t; then
      if [ -f "$before" ]; then mv "$before" "$ROOT$file"; else rm -f "$ROOT$file"; fi
      fail "sshd refuses $file; it was taken back and sshd was left alone"
    fi
    systemctl try-reload-or-restart ssh
    settled sshd
  fi
  rm -f "$before"
}

main() {
  check_machine
  apt_install ca-certificates curl gnupg ufw unattended-upgrades
  docker_repository
  docker_engine
  container_processes
  restarts
  deploy_user
  kernel
  swap
  journal
  updates
  firewall
  ssh_server
  put /etc/smarteros/host-version 644 <<<"$HOST_VERSION"
  if [ "$changes" = 0 ]; then
    echo "Nothing to change: this host is at $HOST_VERSION."
  else
    echo "$changes changes: this host is at $HOST_VERSION."
  fi
}

# Nothing that main runs may read the rest of this script, which may come in by standard input.
main </dev/null
