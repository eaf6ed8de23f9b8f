"""Storage accounts and what is in them."""
