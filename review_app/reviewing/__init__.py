"""Scores, checklist, decisions, history, rollback."""
