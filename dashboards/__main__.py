"""`python -m dashboards WORKSPACE [--host] [--port] [--open]`: what `rapport serve` starts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from metadata.errors import UserError


def main() -> int:
    """Serve until interrupted; a user's error is one message and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--open", action="store_true", help="open a browser")
    given = parser.parse_args()
    try:
        # Streamlit takes a moment to import, and a person may change their mind meanwhile.
        from dashboards.server import serve

        serve(given.workspace, given.host, given.port, open=given.open)
    except UserError as error:
        for issue in error.issues:
            print(issue, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
