"""One rule a file; each file exports `RULE`."""
