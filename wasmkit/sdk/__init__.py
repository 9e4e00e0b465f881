"""What the author of a filter imports."""
