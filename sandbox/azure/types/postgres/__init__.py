"""Azure Database for PostgreSQL: the flexible server and what belongs to it."""
