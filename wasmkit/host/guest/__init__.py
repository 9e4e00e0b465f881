"""A module as an object: loaded as strictly as Envoy does, linked, called."""
