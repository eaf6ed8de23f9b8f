
import json, sys
sys.path.insert(0, ".")
from cli.platform import workplace
from deploy.target import Target
from tenants import lifecycle
from tenants.ground import prepared
from tenants.residue import left_of
registry = lifecycle.registry_of("prod", Target.SANDBOX)
slugs = [one.tenant.slug for one in registry.entries]
with prepared(workplace(Target.SANDBOX, "prod", quiet=True), "prod", lambda _: None) as ground:
    found = {slug: [f"{one.where}: {one.what}" for one in left_of(ground, registry.find(slug).tenant, slugs)]
             for slug in sys.argv[1:]}
print(json.dumps(found))
