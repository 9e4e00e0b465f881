"""Stock Envoy with a filter in it, for trying it out; ``serve_filter`` is the verb."""

from __future__ import annotations

from wasmkit.serve.serve import LineLogged, Reloaded, ServeRequest, Serving, serve_filter

__all__ = ["LineLogged", "Reloaded", "ServeRequest", "Serving", "serve_filter"]
