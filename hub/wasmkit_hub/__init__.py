"""The hub: an OCI registry that knows what a Proxy-Wasm filter is, with pages to read about it.

By domain: ``storage`` keeps bytes and rows, ``catalogue`` knows filters, ``registry`` is the OCI
distribution API, ``web`` the pages. Each may use those named before it, never those after.
"""
