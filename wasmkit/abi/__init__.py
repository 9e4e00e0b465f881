"""Proxy-Wasm ABI 0.2.1 as Envoy implements it: constants and codecs. Pure, no I/O."""
