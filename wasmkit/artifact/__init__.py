"""What is pushed: the OCI image of a filter, its referrers, and the way to a registry and back."""
