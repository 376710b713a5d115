"""What goes out: events made into deliveries, deliveries sent in order until they succeed, and the log of every try."""
