"""Readers (one file a format), batches, refused rows."""
