"""The OCI distribution API (distribution-spec 1.1): manifests, tags, blobs, uploads."""
