"""The places that publications and events go: added, tested, switched off and on, given new secrets, their log read."""
