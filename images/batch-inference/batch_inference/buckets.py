"""Input and output in buckets: copied to and from a folder of the pod; a plain path is used as it is.

Rights come from the pod's identity in the cloud (environment, projected tokens, metadata): no key is given to it.
"""

from __future__ import annotations

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ENDPOINT, REGION, ACCOUNT = "AICC_STORE_ENDPOINT", "AICC_STORE_REGION", "AICC_STORE_ACCOUNT"
_STS_TIMEOUT_SECONDS = 30


class StoreError(Exception):
    """A bucket cannot be reached, or has not what is looked for."""


@dataclass(frozen=True)
class Folder:
    """Where a batch writes, and where a copy of that is kept."""

    path: Path
    store: Any = None
    prefix: str = ""
    names: Sequence[str] = ()

    def save(self) -> None:
        """Copy the files to their bucket, whole."""
        for name in self.names if self.store else ():
            if (self.path / name).exists():
                _put(self.store, f"{self.prefix}/{name}".lstrip("/"), self.path / name)


def fetched(address: str, to: Path) -> Path:
    """Return the input as a local file, copied from its bucket where it is in one.

    Raises StoreError or OSError where it is not there.
    """
    if "://" not in address:
        Path(address).open("rb").close()
        return Path(address)
    store, key = _store(address)
    if not _get(store, key, to):
        raise StoreError(f"{address} is not there")
    return to


def folder(address: str, scratch: Path, names: Sequence[str]) -> Folder:
    """Return the output as a local folder, with what an earlier run has left in the bucket.

    Raises StoreError where the bucket cannot be reached.
    """
    if "://" not in address:
        return Folder(Path(address))
    store, prefix = _store(address)
    scratch.mkdir(parents=True, exist_ok=True)
    for name in names:
        _get(store, f"{prefix}/{name}".lstrip("/"), scratch / name)
    return Folder(scratch, store, prefix, names)


def _store(address: str) -> tuple[Any, str]:
    """The bucket of `s3://`, `oss://`, `gs://` or `az://`, and the rest of the address."""
    from obstore import store  # noqa: PLC0415  plain paths need no such library

    parts = urlsplit(address)
    bucket, key = parts.netloc, parts.path.strip("/")
    region, endpoint = os.environ.get(REGION), os.environ.get(ENDPOINT)
    match parts.scheme:
        case "s3":
            own = {"endpoint": endpoint} if endpoint and "://" in endpoint else {}
            plain = {"client_options": {"allow_http": True}} if (endpoint or "").startswith("http://") else {}
            return store.S3Store(bucket, region=region, **own, **plain), key
        case "oss":
            # OSS speaks S3's language where the bucket is part of the host's name.
            return store.S3Store(
                bucket,
                region=region,
                endpoint=f"https://{bucket}.{endpoint}",
                virtual_hosted_style_request=True,
                credential_provider=alibaba_credential,
            ), key
        case "gs":
            return store.GCSStore(bucket), key
        case "az":
            return store.AzureStore(bucket, account_name=os.environ[ACCOUNT]), key
        case _:
            raise StoreError(f"{address}: {parts.scheme} is not one of s3, oss, gs, az")


def alibaba_credential() -> dict[str, Any]:
    """Exchange the pod's token for a key that lasts an hour (AssumeRoleWithOIDC; the request needs no signature)."""
    token = Path(os.environ["ALIBABA_CLOUD_OIDC_TOKEN_FILE"]).read_text(encoding="ascii").strip()
    query = {
        "Action": "AssumeRoleWithOIDC",
        "Version": "2015-04-01",
        "Format": "JSON",
        "RoleArn": os.environ["ALIBABA_CLOUD_ROLE_ARN"],
        "OIDCProviderArn": os.environ["ALIBABA_CLOUD_OIDC_PROVIDER_ARN"],
        "OIDCToken": token,
        "RoleSessionName": "batch-inference",
    }
    address = os.environ.get("AICC_STS", f"https://sts-vpc.{os.environ[REGION]}.aliyuncs.com")
    request = urllib.request.Request(address, urllib.parse.urlencode(query).encode(), method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=_STS_TIMEOUT_SECONDS) as response:  # noqa: S310  the stack's own
        given = json.load(response)["Credentials"]
    return {
        "access_key_id": given["AccessKeyId"],
        "secret_access_key": given["AccessKeySecret"],
        "token": given["SecurityToken"],
        "expires_at": datetime.fromisoformat(given["Expiration"].replace("Z", "+00:00")),
    }


def _get(store: Any, key: str, to: Path) -> bool:
    """Copy one object; whether it is there."""
    from obstore.exceptions import BaseError  # noqa: PLC0415

    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        with to.open("wb") as file:
            for chunk in store.get(key).stream():
                file.write(bytes(chunk))
    except FileNotFoundError:
        to.unlink()
        return False
    except BaseError as error:
        raise StoreError(f"{key}: {type(error).__name__}: {error}") from error
    return True


def _put(store: Any, key: str, file: Path) -> None:
    from obstore.exceptions import BaseError  # noqa: PLC0415

    try:
        store.put(key, file)
    except BaseError as error:
        raise StoreError(f"{key}: {type(error).__name__}: {error}") from error
