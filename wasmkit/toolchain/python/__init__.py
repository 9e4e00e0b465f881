"""The toolchain for filters written in Python."""
