"""Recorded traffic: the model of an exchange, and readers of the formats it is recorded in."""
