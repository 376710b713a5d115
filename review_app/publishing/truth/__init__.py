"""The truth check: reading what the public sees of every page, and comparing it with what the desk says."""
