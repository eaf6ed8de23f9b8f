"""Azure's resource types, a folder an area."""
