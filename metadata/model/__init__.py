"""The raw definitions, exactly as people write them: one pydantic model for each kind of file.

Raw means as written: names are not yet bound to anything. `metadata.repository` binds them.
"""
