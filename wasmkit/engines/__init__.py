"""What plays a recording through a filter: the built module, the SDK in this process, Envoy."""
