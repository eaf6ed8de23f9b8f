"""What is brought up for real: the engine, the simulated clouds, databases and hosts."""
