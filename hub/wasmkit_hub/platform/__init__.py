"""What the hub stands on: settings, database, objects, jobs, server. It knows nothing of OCI."""
