"""Review Desk: where generated articles wait until a person has read them, and nothing is indexable before."""
