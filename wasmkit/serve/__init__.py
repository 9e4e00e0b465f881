"""``wasmkit run``: stock Envoy with a project's filter, loaded again when a file is saved."""
