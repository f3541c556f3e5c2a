"""A process that editors talk to: definitions that are not saved yet, tried on landed rows.

`python -m pipelines.workbench WORKSPACE` reads one JSON request a line and answers with one JSON
line each. It opens the landing zone to read it, and changes nothing except by `apply` and `scan`.
"""
