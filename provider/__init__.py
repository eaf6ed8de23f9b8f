"""What has no vendor's resource, as Pulumi resources: users of Redis, the schema of a database, its open sessions.

A provider of its own over Pulumi's protocol. It speaks to the real thing, which in a simulated run is real, too. It
knows no tenant, no settings file and no cloud.
"""
