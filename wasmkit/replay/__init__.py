"""Plays recordings through an engine and checks what comes out."""
