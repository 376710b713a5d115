"""Reasons for requests and rejections that are ready to be chosen."""
