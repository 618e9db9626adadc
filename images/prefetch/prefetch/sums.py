"""What a set of files is: the lines `sha256sum` prints, sorted, and the digest of those lines.

`sha256sum --check SHA256SUMS` verifies the files, and `sha256sum SHA256SUMS` is the digest that a stack declares.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

NAME = "SHA256SUMS"
"""Of the list, beside the files that it lists; it does not list itself."""
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_BLOCK = 1 << 20


class SumsError(ValueError):
    """The list is not one that can be trusted."""


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def of_folder(folder: Path) -> dict[str, str]:
    """Return the sum of each file below a folder, by its name relative to the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: of_file(path) for name, path in names.items() if name != NAME}


def write(sums: Mapping[str, str]) -> bytes:
    """Return the list's content."""
    return "".join(sorted(f"{found}  {name}\n" for name, found in sums.items())).encode()


def read(content: bytes) -> dict[str, str]:
    """Return the sum of each file by name.

    Raises SumsError where a line is not one, or a name would leave the folder.
    """
    found = {}
    for line in content.decode("utf-8", errors="replace").splitlines():
        match = _LINE.fullmatch(line)
        path = PurePosixPath(match.group(2)) if match else None
        if match is None or path is None or path.is_absolute() or ".." in path.parts or str(path) in {".", NAME}:
            raise SumsError(f"not a line of {NAME}: {line[:120]!r}")
        found[str(path)] = match.group(1)
    if not found:
        raise SumsError(f"{NAME} lists no file")
    return found


def digest(content: bytes) -> str:
    """Return the digest of a list, as a stack declares it: `sha256:…`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
