"""One HTTP stream through Envoy's filter manager, and what Envoy does around it."""
