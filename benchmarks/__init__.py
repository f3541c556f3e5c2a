"""Measurements of the product against what is known to be right, and against the clock."""
