"""The certificate that KEDA's two programs and the API server know them by, and the authority that signed it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from aicc.errors import ClusterError
from aicc.local.files import write_private

_DAYS = "3650"
_SERVICE = "keda-metrics-apiserver.keda.svc"
_EXTENSIONS = f"""basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=DNS:localhost,DNS:{_SERVICE},IP:127.0.0.1
"""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def issue(folder: Path) -> None:
    """Write ca.crt, tls.crt and tls.key with mode 0600; the authority's key is forgotten.

    Raises ClusterError where openssl is missing or fails.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as temporary:
        work = Path(temporary)
        (work / "extensions").write_text(_EXTENSIONS)
        for arguments in (
            ("req", "-x509", "-new", *_KEY, "-days", _DAYS, "-subj", "/CN=keda", "-keyout", "ca.key", "-out", "ca.crt"),
            ("req", "-new", *_KEY, "-subj", f"/CN={_SERVICE}", "-keyout", "tls.key", "-out", "request"),
            (
                *("x509", "-req", "-in", "request", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
                *("-days", _DAYS, "-extfile", "extensions", "-out", "tls.crt"),
            ),
        ):
            _openssl(arguments, work)
        for name in ("ca.crt", "tls.key", "tls.crt"):
            write_private(folder / name, (work / name).read_text())


def _openssl(arguments: tuple[str, ...], folder: Path) -> None:
    hint = "`aicc doctor` says what this machine lacks"
    try:
        done = subprocess.run(
            ["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise ClusterError("openssl is not on PATH; the local KEDA needs a certificate of it", hint=hint) from error
    if done.returncode:
        raise ClusterError(f"openssl could not make a certificate for the local KEDA:\n{done.stderr}", hint=hint)
