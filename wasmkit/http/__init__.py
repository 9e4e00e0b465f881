"""HTTP as it stands on the wire: messages of bytes, header maps, HTTP/1.1, content codings."""
