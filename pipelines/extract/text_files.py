"""Text files in whatever encoding they are written: read as they are, or from a copy in UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path

_CHUNK = 1 << 20


class TextFiles:
    """The text files of one table, and copies of those that an engine would not read as they are.

    Args:
        files: the files as they lie in the source.
        encodings: names of encodings; of several, each file is read in the first that fits it.
            UTF-8 when there are none.
        temporary: folder for the copies.
    """

    def __init__(self, files: Sequence[Path], encodings: Sequence[str], temporary: Path) -> None:
        self.files = files
        self._codecs = [codecs.lookup(name).name for name in encodings or ("utf-8",)]
        self._temporary = temporary
        self._copies: dict[Path, Path] = {}

    def close(self) -> None:
        """Remove the copies."""
        for path in self._copies:
            path.unlink(missing_ok=True)

    @property
    def only_codec(self) -> str | None:
        """The one encoding of all files, where several do not compete."""
        return self._codecs[0] if len(self._codecs) == 1 else None

    def codec_of(self, path: Path) -> str:
        """The encoding that fits a file: the first one, or the last if none does."""
        return next((c for c in self._codecs[:-1] if _decodes(path, c)), self._codecs[-1])

    def copy_of(self, path: Path) -> Path | None:
        """The copy of a file, if one was made."""
        return next((copy for copy, original in self._copies.items() if original == path), None)

    def is_copy(self, path: Path) -> bool:
        """Whether a path is one of the copies."""
        return path in self._copies

    def original(self, text: str) -> Path:
        """The file that a message speaks of, be it by the name of its copy."""
        for copy, path in self._copies.items():
            if str(copy) in text:
                return path
        return next((path for path in self.files if str(path) in text), self.files[0])

    def copied(self, path: Path, codec: str) -> Path:
        """A copy in UTF-8, without a byte order mark and with one kind of line end; streamed."""
        self._temporary.mkdir(parents=True, exist_ok=True)
        copy = self._temporary / f"{id(self)}-{len(self._copies)}{path.suffix}"
        self._copies[copy] = path
        with (
            path.open(encoding="utf-8-sig" if codec == "utf-8" else codec, newline="") as old,
            copy.open("w", encoding="utf-8", newline="") as new,
        ):
            while chunk := old.read(_CHUNK):
                # A line end must not be torn apart by the end of the chunk.
                chunk += old.read(1) if chunk.endswith("\r") else ""
                new.write(chunk.replace("\r\n", "\n"))
        return copy

    def bad_byte(self, path: Path) -> tuple[int, int] | None:
        """Line (from 1) and offset (from 0) of the first byte that cannot be decoded."""
        decoder = codecs.getincrementaldecoder(self._codecs[-1])()
        line, offset = 1, 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                held = len(decoder.getstate()[0])
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    start = error.start - held
                    return line + chunk[: max(start, 0)].count(b"\n"), offset + start
                line += chunk.count(b"\n")
                offset += len(chunk)
        return None


def mixes_line_ends(path: Path) -> bool:
    """Whether some lines end as on Windows and others do not; DuckDB wants one kind."""
    both = alone = 0
    with path.open("rb") as file:
        last = b""
        while chunk := file.read(_CHUNK):
            pairs = chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
            both += pairs
            alone += chunk.count(b"\n") - pairs
            last = chunk[-1:]
    return bool(both and alone)


def _decodes(path: Path, codec: str) -> bool:
    """Whether a whole file is text in an encoding."""
    try:
        with path.open(encoding=codec, newline="") as file:
            while file.read(_CHUNK):
                pass
    except UnicodeDecodeError:
        return False
    return True
