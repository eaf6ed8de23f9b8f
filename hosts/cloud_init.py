"""The bootstrap as cloud-init user data, for machines that are prepared at their first start. It makes no machine."""

from __future__ import annotations

import shlex
from typing import Any

import yaml

from hosts.bootstrap import Bootstrap, script

__all__ = ["PATH", "user_data"]

PATH = "/usr/local/sbin/smarteros-bootstrap"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def user_data(bootstrap: Bootstrap) -> str:
    """The `#cloud-config` document. It must name keys: at the first start nobody has logged in yet."""
    if not bootstrap.deploy_keys:
        raise ValueError("deploy_keys: at least one public key is needed, or nobody could log in")
    words = ["env", *(f"{key}={value}" for key, value in bootstrap.environment().items()), "bash", PATH]
    document: dict[str, Any] = {
        "write_files": [{"path": PATH, "permissions": "0700", "owner": "root:root", "content": script()}],
        "runcmd": [words],
    }
    again = shlex.join(["sudo", *words[:1], "…", "bash", PATH])
    head = f"#cloud-config\n# SmarterOS host {bootstrap.version}. To run it again: {again}\n"
    return head + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=10_000)
