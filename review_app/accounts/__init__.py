"""Users, roles, login, tokens."""
