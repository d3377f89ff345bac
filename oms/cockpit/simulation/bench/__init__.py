"""Measures our hot paths beside their raw limits, in one run, in a database of its own."""
