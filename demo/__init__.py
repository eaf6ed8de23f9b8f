"""The tour of `./smos demo`: everything that an operator does first, in one go, on the simulated clouds."""
