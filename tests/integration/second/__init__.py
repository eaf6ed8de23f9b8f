"""A system beside SmarterOS, in two files: tests put them where a system's files belong."""
