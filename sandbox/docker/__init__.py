"""Docker, simulated: the daemons of rented machines and this machine's own."""
