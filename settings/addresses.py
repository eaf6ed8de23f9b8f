"""Where a service is found: by browsers, by webhooks, by other services. The one place that makes such a URL."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EDGE", "WebAddress"]

EDGE = "edge"
"""The label in the zone that leads to the reverse proxy."""


@dataclass(frozen=True, kw_only=True)
class WebAddress:
    """A service's public address. What it means for cookies and forwarded headers follows from `tls` and `proxies`."""

    host: str
    tls: bool
    """Whether browsers speak TLS to it, so that its cookies may be for TLS alone."""
    port: int | None = None
    """None: the scheme's own."""
    proxies: int
    """How many reverse proxies stand before it, each of which adds itself to X-Forwarded-For."""

    @property
    def scheme(self) -> str:
        """The scheme of the address: `https`, or `http` on one's own machine."""
        return "https" if self.tls else "http"

    @property
    def authority(self) -> str:
        """The host, with its port where a browser shows one."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"{self.scheme}://{self.authority}"
