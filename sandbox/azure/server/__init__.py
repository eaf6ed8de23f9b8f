"""What of Azure answers without Pulumi: its Resource Manager, apps' revisions, TLS of its database servers."""
