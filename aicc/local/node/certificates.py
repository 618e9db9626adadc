"""The node's certificates, signed by the local cluster's authority: who its parts are, and how the kubelet is known."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aicc.errors import ClusterError
from aicc.local.files import write_private

_DAYS = "3650"


@dataclass(frozen=True)
class Subject:
    """Whom a certificate names."""

    user: str
    group: str | None = None
    addresses: tuple[str, ...] = ()
    """Subject alternative names, as openssl writes them (`IP:…`, `DNS:…`); those of a server."""


def issue(folder: Path, subjects: Mapping[str, Subject], ca: Path, ca_key: Path) -> None:
    """Write `<name>.crt` and `<name>.key` for each subject, with mode 0600, replacing what is there.

    Raises ClusterError where openssl fails.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as temporary:
        work = Path(temporary)
        for name, subject in subjects.items():
            request, extensions = work / "request", work / "extensions"
            extensions.write_text(_extensions(subject))
            _openssl(
                *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-subj", _name(subject), "-keyout", str(work / "key"), "-out", str(request)),
            )
            _openssl(
                *("x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(ca_key), "-days", _DAYS),
                *("-CAserial", str(work / "serial"), "-CAcreateserial", "-extfile", str(extensions)),
                *("-out", str(work / "crt")),
            )
            for suffix in ("crt", "key"):
                write_private(folder / f"{name}.{suffix}", (work / suffix).read_text())


def _name(subject: Subject) -> str:
    return (f"/O={subject.group}" if subject.group else "") + f"/CN={subject.user}"


def _extensions(subject: Subject) -> str:
    usage = "serverAuth" if subject.addresses else "clientAuth"
    lines = ["basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature", f"extendedKeyUsage={usage}"]
    if subject.addresses:
        lines.append(f"subjectAltName={','.join(subject.addresses)}")
    return "\n".join(lines) + "\n"


def _openssl(*arguments: str) -> None:
    done = subprocess.run(
        ["openssl", *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise ClusterError(
            f"openssl could not make a certificate for the local node:\n{done.stderr.strip()}",
            hint="`aicc doctor` says what this machine lacks",
        )
