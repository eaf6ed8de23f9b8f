"""Whole lives through the official provider plugins that an operator has installed: `./smos check --plugins`."""
