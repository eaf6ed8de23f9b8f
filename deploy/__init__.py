"""One run of the engine on one environment: where it goes (target), what is checked first (guards), what came of it."""
