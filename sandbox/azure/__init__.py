"""Azure, simulated: its types, its Resource Manager over HTTP, and what happens in it beside Pulumi."""
