"""A tenant in one file, and a tenant out of one: SQL, keys of Redis, secrets of Vault, its own file, and checksums.

The file is encrypted to the recipients of the keyring. What it does not hold is said in it (`Manifest.lossy`).
"""
