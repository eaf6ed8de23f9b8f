"""A host's PostgreSQL, kept as it is written: its write-ahead log streamed away and whole copies of it, by Barman; and
the cluster as it was at any moment, on this machine.

Nothing of it runs inside the vendor's image: the log and the copies come by the replication protocol. Servers of a
vendor's (Azure) are not streamed: docs/adr/azure-leaves-azure.md.
"""
