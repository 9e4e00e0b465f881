"""Bytes and rows: blobs and uploads in a local folder, everything else in SQLite."""
