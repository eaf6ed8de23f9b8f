"""Whose images may run. A registry of one's own that hands them on (a mirror) is added here, image by image."""

from __future__ import annotations

__all__ = ["REPOSITORIES"]

REPOSITORIES = frozenset(
    {
        "botpress/server",
        "chatwoot/chatwoot",
        "docker.n8n.io/n8nio/n8n",
        "ghcr.io/ibm/mcp-context-forge",
        "hashicorp/vault",
        "metabase/metabase",
        "n8nio/runners",
        "nginxinc/nginx-unprivileged",
        "odoo",
        "openbao/openbao",
        "pgvector/pgvector",
        "redis",
        "tecnativa/docker-socket-proxy",
        "traefik",
    }
)
