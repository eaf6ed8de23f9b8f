"""States made by an earlier program, with the simulated world in which it made them."""
