"""What the team tells each other about an article or a passage of it. Never public, never part of a decision."""
