"""A filter that does what it should not, for tests of what becomes of it."""
