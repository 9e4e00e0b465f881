"""Stock Envoy as a child process: found, configured, started, listened to, stopped.

It is the judge of everything that this project says about Envoy, so nothing here imitates it.
"""
