"""What the warehouse *is*: typed definitions, read from YAML, checked, and bound to one another.

Nothing here touches data. `load_workspace` is the way in; it returns a `Repository` or raises a
`MetadataError` that lists every problem with its file and line.
"""

from metadata.errors import InternalError, Issue, Location, MetadataError, RapportError, UserError
from metadata.loader import load_workspace
from metadata.repository import Repository

__all__ = [
    "InternalError",
    "Issue",
    "Location",
    "MetadataError",
    "RapportError",
    "Repository",
    "UserError",
    "load_workspace",
]
