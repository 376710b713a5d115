"""The article, its text, search, rendering of metadata."""
