"""Sources: places that the desk reads by itself, every so many minutes, and imports what is new there."""
