"""Who else has an article open just now."""
