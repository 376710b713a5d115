"""Publish runs, the signed hook, the public pages."""
