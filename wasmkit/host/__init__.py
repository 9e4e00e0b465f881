"""Envoy's side of the Proxy-Wasm ABI on wasmtime.

From the outside in: ``stream`` is one HTTP request through Envoy's filter chain with a single
Wasm filter in it; ``context`` is what the filter's contexts may see and do in each phase;
``plugin`` is one VM with its contexts; ``calls`` are the host functions at the level of Python
values; ``imports`` and ``wasi`` are the same at the level of Wasm integers; ``vm`` loads a module
as strictly as Envoy does; ``crossing`` and ``compiled`` make it fast. A guest that is no Wasm
module (the SDK in this process) stands on ``calls`` directly.

Facts that no document states were measured on stock Envoy 1.40; tests hold them.
"""
