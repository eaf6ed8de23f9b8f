"""The holding page: what is seen on every name of the zone that no other service answers for, as a suspended tenant's.

It knows nobody's name. The status is 503 with Retry-After, so that nobody's search engine forgets the place.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions

from components.placements import RunsContainers
from components.services.context import ServiceContext, ServiceOutputs
from components.workload import Health, Volume, Workload
from settings.images import Image
from settings.services import Holding as HoldingSettings

__all__ = ["SOURCES", "Holding", "HoldingArgs", "declare"]

CONFIG, PAGE = "nginx.conf", "index.html"
RETRY_AFTER_S = 3600
SOURCES: Mapping[str, str] = {
    "port": "https://github.com/nginx/docker-nginx-unprivileged: listens on 8080 as user 101",
    "volumes": "https://github.com/nginx/docker-nginx-unprivileged: temporary files are below /tmp",
    "user": "https://github.com/nginx/docker-nginx-unprivileged: listens on 8080 as user 101",
    "health": "ours: /healthz is a location of our own nginx.conf",
}


@dataclass(frozen=True, kw_only=True)
class HoldingArgs:
    """Where it runs, at which name, and what it says."""

    placement: RunsContainers
    image: Image
    hostname: str
    wanted: HoldingSettings


class Holding(ComponentResource):
    """A page that says that nobody is there."""

    host: Output[str]

    def __init__(self, name: str, args: HoldingArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Holding", name, None, opts)
        running = args.placement.run(name, _workload(args), ResourceOptions(parent=self))
        self.host = running.host
        self.register_outputs({"host": self.host})


def _workload(args: HoldingArgs) -> Workload:
    (size,) = args.wanted.footprint("holding")
    folder = Workload.SECRETS_FOLDER
    return Workload(
        image=args.image.reference,
        port=args.wanted.port,
        hostname=args.hostname,
        answers_the_rest=True,
        health=Health(http_path="/healthz", interval_s=30),
        cpu=size.cpu,
        memory_mb=size.memory_mb,
        command=["nginx"],
        args=["-c", f"{folder}/{CONFIG}", "-g", "daemon off;"],
        secret_files={CONFIG: _config(), PAGE: _page(args.wanted.text)},
        volumes=[Volume("tmp", "/tmp", needs="scratch", size_mb=8)],  # noqa: S108 - inside the container
        user="101:101",
        read_only_root=True,
        access=["web"],
        stop_timeout_s=10,
    )


def _page(text: str) -> str:
    said = html.escape(text)
    return (
        '<!doctype html><html lang="es"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="robots" content="noindex"><title>En pausa</title>'
        "<style>body{font:1.2rem/1.6 system-ui,sans-serif;margin:20vh auto;max-width:32rem;padding:0 1rem;"
        f"color:#222;background:#fff}}</style><p>{said}</p></html>\n"
    )


def _config() -> str:
    return f"""
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  server_tokens off;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  server {{
    listen 8080;
    location = /healthz {{ return 200; }}
    location / {{
      error_page 503 @holding;
      return 503;
    }}
    location @holding {{
      add_header Retry-After {RETRY_AFTER_S} always;
      add_header Cache-Control no-store always;
      root {Workload.SECRETS_FOLDER};
      rewrite ^ /{PAGE} break;
      default_type text/html;
    }}
  }}
}}
""".lstrip()


def declare(ctx: ServiceContext, wanted: HoldingSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    args = HoldingArgs(
        placement=ctx.placement(wanted.placement),
        image=ctx.settings.image("holding"),
        hostname=ctx.settings.fqdn(wanted.hostname),
        wanted=wanted,
    )
    Holding("holding", args, ctx.inside(wanted.placement))
    return ServiceOutputs()
