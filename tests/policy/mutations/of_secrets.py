"""Secrets where they can be read: under any name, in any place."""

from __future__ import annotations

from typing import Any

from tests.policy.mutations.mutation import Mutation, changed

__all__ = ["MUTATIONS"]

AWS = "AKIA" + "IOSFODNN7EXAMPLE"
STRIPE = "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc"
SLACK = "xox" + "b-123456789012-abcdefghijklmnop"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
RANDOM = "q7Hs0Zc1Xv5Bn3Mk8Lp2Wd9Rt4Yf6Gj"
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

_ENVS = (
    f"SETTINGS={RANDOM}",
    f"X={HEX}",
    f"AWS_ID={AWS}",
    f"PAYMENTS={STRIPE}",
    f"CHAT={SLACK}",
    f"WHO={JWT}",
    "MAIL=SG." + "abcdefghijklmnopqrstuv.ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg",
    "REPO=glpat" + "-ABCDEFGHIJKLMNOPQRST",
    "REPO=github_pat" + "_11ABCDEFG0abcdefghijklmn",
    "MAPS=AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "AI=sk-" + "proj-abcdefghijklmnopqrstuvwxyz123456",
    "BLOBS=DefaultEndpointsProtocol=https;AccountName=x;AccountKey=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4==",
    "SHARED=https://st.blob.core.windows.net/c?sv=2022&sp=r&sig=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4",
    "HEADER=Authorization: Basic YWRtaW46Z2VoZWltZ2VoZWlt",
    "HEADER=Bearer geheimgeheimgeheim",
    "DSN=host=db user=app password=geheim dbname=app",
    'CONFIG={"user": "app", "password": "geheim"}',
    "SMTP_AUTH=geheim",
    "DB_PW=geheim",
    "REDIS_REQUIREPASS=geheim",
    "PIN=geheim",
    "ADMIN_CREDS=admin:geheim",
    "SALT=geheim",
    "JWT_SIGNING=geheim",
    "WEBHOOK=https://hooks.example/services?token=geheim",
    "CALLBACK=https://example.com/?api_key=geheim&x=1",
    "PGP=-----BEGIN PGP PRIVATE KEY BLOCK-----",
    "SSH=PuTTY-User-Key-File-3: ssh-ed25519",
)
_COMMANDS: tuple[list[str], ...] = (
    ["redis-cli", "-a", "geheim", "ping"],
    ["sh", "-c", "redis-cli --pass geheim ping"],
    ["sh", "-c", "curl -u admin:geheim http://x"],
    ["sh", "-c", "curl -H 'Authorization: Bearer geheimgeheim' http://x"],
    ["sh", "-c", "sshpass -p geheim ssh x"],
    ["sh", "-c", "MYSQL_PWD=geheim mysql"],
    ["sh", "-c", "REDISCLI_AUTH=geheim redis-cli ping"],
    ["sh", "-c", "export SECRET=geheim; run"],
    ["sh", "-c", "mysql -pgeheim"],
    ["sh", "-c", "psql 'host=x password=geheim'"],
    ["run", "--token", "geheim"],
    ["run", "--set", "auth.password=geheim"],
    ["run", f"--seed={RANDOM}"],
)


def _upload(file: str, content: str) -> dict[str, Any]:
    return {"uploads[+]": {"file": file, "content": content, "permissions": "0400"}}


MUTATIONS: list[Mutation] = [
    *(one for env in _ENVS for one in changed("prod", "odoo-container", {"envs[+]": env})),
    *(one for words in _COMMANDS for one in changed("prod", "odoo-container", {"command": words})),
    *(
        one
        for words in _COMMANDS[:4]
        for one in changed("prod", "redis-container", {"healthcheck.tests": ["CMD", *words]})
    ),
    *changed(
        "prod",
        "holding-secrets-loader",
        _upload("/run/secrets/app.ini", "[db]\npassword = geheim\n"),
        _upload("/run/secrets/app.json", '{"apiKey": "geheim"}'),
        _upload("/run/secrets/app.yaml", "db:\n  password: geheim\n"),
        _upload("/run/secrets/pgpass", "db:5432:app:app:geheim"),
        _upload("/run/secrets/htpasswd", "admin:$2y$05$abcdefghijklmnopqrstuuKd0Yb0J1xX7"),
        _upload("/run/secrets/x", RANDOM),
    ),
    *changed(
        "prod",
        "odoo-container",
        {"labels[+]": {"label": "traefik.http.middlewares.odoo-auth.basicauth.users", "value": "admin:$apr1$x$y"}},
        {"labels[+]": {"label": "smarteros.note", "value": f"login {RANDOM}"}},
        {"labels[+]": {"label": "smarteros.note", "value": "password=geheim"}},
    ),
    *changed(
        "prod",
        "n8n-app",
        {"template.containers[0].env[+]": {"name": "X", "value": RANDOM}},
        {"template.containers[0].env[+]": {"name": "X", "value": "https://x/?password=geheim"}},
        {"template.containers[0].env[+]": {"name": "DSN", "value": "user=app password=geheim"}},
        {"template.containers[0].args": ["--token", "geheim"]},
        {"template.containers[0].probes[0].httpGet.path": "/healthz?token=geheim"},
        {"template.containers[0].probes[0].httpGet.httpHeaders": [{"name": "Authorization", "value": "Bearer x"}]},
        {"tags.note": RANDOM},
    ),
    *changed("prod", "azure-group", {"tags.note": "password=geheim"}, {"tags.connection": "postgres://a:geheim@db/x"}),
    *changed("prod", "n8n-name", {"comment": RANDOM}, {"comment": "token=geheim"}),
    *changed("access", "access-platform", {"description": f"root token {RANDOM}"}),
    *changed("access", "access-audit", {"description": "password=geheim"}),
    *changed("tenant", "blobs-container", {"metadata.note": RANDOM}),
]
