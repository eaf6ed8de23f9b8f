"""Networks, private endpoints and private DNS."""
