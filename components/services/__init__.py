"""What runs, one product a file. A service says what it needs; it never knows where it runs."""
