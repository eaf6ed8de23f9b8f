"""The strictness table on a real account: no test, a program. `python -m tests.live` says what it needs."""
