"""Health, demo data, running the desk."""
