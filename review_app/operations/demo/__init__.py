"""Demo data: articles of our own, imported and reviewed as real ones are, and taken away again without a trace."""
