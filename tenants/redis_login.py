"""How an operator logs in at a Redis: the platform's, or a tenant's own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from age_keyring import Keyring, identity_from_environment
from deploy import guards
from deploy.guards import NotReady
from deploy.redis_rescue import Login
from deploy.target import RunTarget
from settings import keyring_file
from tenants.lifecycle import registry_of
from tenants.own_redis import reached
from tenants.secrets import ROOT_KEY

__all__ = ["login_of"]

OPERATOR = "operator"
"""The platform's user that may end scripts and the server (components.services.redis_users)."""


@contextlib.contextmanager
def login_of(place: RunTarget, stack: str, slug: str, say: Callable[[str], None]) -> Iterator[Login]:
    """For the block. `slug`: of the tenant whose own Redis it is; none for the platform's. Raises NotReady."""
    settings = guards.settings_of(place, stack)
    keyring = Keyring.open(keyring_file(place.environ), identity_from_environment(place.environ))
    if slug:
        tenant = registry_of(stack, place.target).find(slug).tenant
        if tenant.redis is None:
            raise NotReady(f"tenant {slug} has no Redis of its own. Fix: ./smos redis --stack {stack}")
        with reached(place, settings, keyring.find(ROOT_KEY) or "", tenant) as login:
            yield Login(port=login.port, user=login.user, password=login.password)
        return
    if settings.services.redis is None:
        raise NotReady(f"{stack} has no Redis")
    with guards.tunnel_open(place, settings, say):
        password = keyring.get(f"{stack}/redisPasswords/{OPERATOR}")
        yield Login(port=settings.forward("redis").local_port, user=OPERATOR, password=password)
