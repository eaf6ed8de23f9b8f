"""The PostgreSQL provider, simulated, over real servers of this machine."""
