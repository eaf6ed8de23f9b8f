"""The command line: parses, calls, prints. What a command does lies below, in the rooms it calls."""
