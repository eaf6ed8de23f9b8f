"""What every host has: folders and files of Debian and Ubuntu, on which the bootstrap runs, with systemd and sshd.

Of their packages base-files, systemd, openssh-server and what those need; Filesystem Hierarchy Standard 3.0.
"""

from __future__ import annotations

__all__ = ["FILES", "FOLDERS", "OF_PREPARED_HOSTS", "WRITABLE"]

_FOLDERS_TEXT = """
. .. .ssh / /bin /boot /dev /dev/pts /dev/shm /etc /etc/apt /etc/apt/apt.conf.d /etc/apt/sources.list.d /etc/cron.d
/etc/cron.daily /etc/default /etc/dpkg /etc/init.d /etc/opt /etc/pam.d /etc/profile.d /etc/security /etc/skel /etc/ssh
/etc/ssh/sshd_config.d /etc/ssl /etc/ssl/certs /etc/ssl/private /etc/systemd /etc/systemd/system /home /lib /media /mnt
/opt /proc /proc/self /proc/sys /root /root/.ssh /run /run/lock /run/systemd /sbin /srv /sys /tmp /usr /usr/bin
/usr/games /usr/include /usr/lib /usr/lib/systemd /usr/local /usr/local/bin /usr/local/etc /usr/local/games
/usr/local/include /usr/local/lib /usr/local/man /usr/local/sbin /usr/local/share /usr/local/src /usr/sbin /usr/share
/usr/share/doc /usr/share/man /usr/src /var /var/backups /var/cache /var/cache/apt /var/lib /var/lib/apt /var/lib/dpkg
/var/lib/misc /var/lib/systemd /var/local /var/lock /var/log /var/log/apt /var/mail /var/opt /var/run /var/spool
/var/tmp
"""
FOLDERS = frozenset(_FOLDERS_TEXT.split())
"""`.` is the user's home."""
OF_PREPARED_HOSTS = frozenset(("/etc/docker", "/var/lib/docker", "/var/lib/containerd"))
"""Folders of a host on which Docker was installed."""
WRITABLE = frozenset(("/dev/full", "/dev/null", "/dev/ptmx", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"))
"""Files that every user may write to."""
_FILES_TEXT = """
/bin/bash /bin/ls /bin/sh /dev/console /etc/bash.bashrc /etc/debian_version /etc/environment /etc/fstab /etc/group
/etc/gshadow /etc/hostname /etc/hosts /etc/issue /etc/login.defs /etc/machine-id /etc/nsswitch.conf /etc/os-release
/etc/passwd /etc/profile /etc/resolv.conf /etc/shadow /etc/shells /etc/ssh/ssh_host_ed25519_key /etc/ssh/sshd_config
/etc/sudoers /proc/cpuinfo /proc/meminfo /proc/version /root/.bashrc /root/.profile /root/.ssh/authorized_keys
/usr/bin/apt-get /usr/bin/bash /usr/bin/env /usr/bin/sh /usr/sbin/sshd
"""
FILES = frozenset(_FILES_TEXT.split()) | WRITABLE
