"""Pages for people, rendered here: they need neither JavaScript nor anything from elsewhere."""
