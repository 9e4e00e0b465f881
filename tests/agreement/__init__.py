"""The cases of ``functional/test_engines_agree.py``."""
