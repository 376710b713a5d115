"""Which articles wait for a person, in what order, and who holds them."""
