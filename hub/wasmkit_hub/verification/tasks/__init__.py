"""What is done in the child (``platform.confined``): one module a task, pure functions."""
