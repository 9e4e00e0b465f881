"""``make demo``: the whole way in the commands that a user types."""
