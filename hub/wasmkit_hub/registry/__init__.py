"""The OCI distribution API (distribution-spec 1.1), over ``storage``, telling ``catalogue``."""
