"""Envoy's side of the Proxy-Wasm ABI on wasmtime.

From the ground up: ``protocol`` is what a guest and its host are to each other; ``world`` is what
surrounds them and can be set (time, chance, what happens later); ``contexts`` are what the filter
may see and do in each phase; ``calls`` are the host functions at the level of Python values;
``guest`` is a Wasm module as an object, loaded as strictly as Envoy does, with the host functions
at the level of Wasm integers; ``vm`` is a guest with its contexts, ``plugin`` one plugin in it;
``threads`` are Envoy's with their VMs, started in its order; ``http.stream`` is one HTTP request
through Envoy's filter chain with a single Wasm filter in it. A guest that is not a Wasm module (the
SDK in this process) stands on ``calls`` directly.

Facts that no document states were measured on stock Envoy 1.40; tests hold them.
"""
