"""Azure Managed Redis: clusters and their databases."""
