"""Write, test, publish and run Envoy filters: see README.md."""

__all__ = ["__version__"]

__version__ = "0.1.0"
