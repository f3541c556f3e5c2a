"""The studio: sources are looked at, rules are edited and tried, changes planned, saved, applied.

Everything done here is an edit of the workspace's YAML. Edits are kept in a draft until somebody
saves them, and a draft is checked and tried as if it were saved.
"""
