"""The places that publications and events go: added, tested, switched off and on, their secrets changed, their deliveries seen."""
