"""The WebAssembly core binary format: a reader, a writer and a scan over instructions."""
