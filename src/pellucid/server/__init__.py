"""Where bytes become exchanges: connections, their patience, and the server that holds them."""
