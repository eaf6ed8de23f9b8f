"""What of Docker answers without Pulumi: its API on a socket, the ports that containers publish."""
