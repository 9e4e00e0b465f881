"""The database's history: one step in ``versions`` for each change of the tables."""
