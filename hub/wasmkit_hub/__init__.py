"""The hub: an OCI registry that knows what a Proxy-Wasm filter is, with pages to read about it.

By domain, each with its own tables: ``platform`` is what it all stands on, ``registry`` the OCI
distribution API, ``verification`` measures images, ``catalogue`` lists them, ``web`` shows them.
Imports lead from the later to the earlier, and ``app`` puts them together.
"""
