"""Renderings of a replay's results: for a terminal, as JSON, and as JUnit XML."""
