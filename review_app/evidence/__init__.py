"""Facts about an article that help a reviewer to judge it."""
