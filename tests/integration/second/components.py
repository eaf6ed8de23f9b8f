"""Noticeboard: what makes its one page. It exists in tests alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi import ComponentResource, Output, ResourceOptions

from components.platform import Platform, SystemArgs
from components.services.context import ServiceContext, ServiceOutputs
from components.workload import Health, Volume, Workload

if TYPE_CHECKING:
    from tests.integration.second.settings import Board, NoticeboardServices

__all__ = ["SYSTEM", "Noticeboard"]

CONFIG = """pid /tmp/nginx.pid;
events { worker_connections 64; }
http { server { listen 8080; location / { return 200 "%s"; } } }
"""


def declare_board(ctx: ServiceContext, wanted: Board) -> ServiceOutputs:
    """The page, at its name."""
    address = ctx.settings.address("board")
    workload = Workload(
        image=ctx.settings.image("board").reference,
        port=8080,
        hostname=address.host,
        health=Health(http_path="/", interval_s=30),
        cpu=0.1,
        memory_mb=32,
        command=["nginx"],
        args=["-c", f"{Workload.SECRETS_FOLDER}/nginx.conf", "-g", "daemon off;"],
        secret_files={"nginx.conf": CONFIG % wanted.text},
        volumes=[Volume("tmp", "/tmp", needs="scratch", size_mb=8)],  # noqa: S108 - inside the container
        user="101:101",
        read_only_root=True,
        access=["web"],
        stop_timeout_s=10,
    )
    running = ctx.placement(wanted.placement).run("board", workload, ctx.inside(wanted.placement))
    return ServiceOutputs(url=running.url)


class Noticeboard(ComponentResource):
    """The platform of one environment."""

    platform: Output[dict[str, Any]]

    def __init__(self, name: str, args: SystemArgs[NoticeboardServices], opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:systems:Noticeboard", name, None, opts)
        platform = Platform(self, args.settings, own={"board": declare_board})
        self.platform = platform.outputs(says=_said(args.settings.services))
        self.register_outputs({"platform": self.platform})


def _said(services: NoticeboardServices) -> str | None:
    return services.board.text if services.board else None


SYSTEM = Noticeboard
