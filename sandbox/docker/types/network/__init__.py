"""Networks and their address ranges."""
