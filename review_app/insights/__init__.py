"""Statistics for team leads; reads only."""
