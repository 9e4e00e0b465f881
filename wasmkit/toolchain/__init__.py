"""Turns a filter's source into one module that any Proxy-Wasm host can load."""
