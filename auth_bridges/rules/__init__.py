"""What signing in decides without looking anything up. Time and chance arrive as arguments."""
