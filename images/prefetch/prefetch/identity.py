"""Who this pod is to the store: keys from its environment, or lent by the cloud for its service account's token.

Each exchange is one request, as the cloud documents it for its own SDKs. None was run against a cloud from here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from .s3 import Keys

SESSION = "aicc-prefetch"
_TIMEOUT_SECONDS = 30


class IdentityError(RuntimeError):
    """Nothing in the environment says who this is."""


def aws_keys(region: str, environ: Mapping[str, str] = os.environ) -> Keys:
    """Keys as AWS gives them to a pod: from the environment, by EKS Pod Identity, or for a web identity (IRSA)."""
    if "AWS_ACCESS_KEY_ID" in environ:
        token = environ.get("AWS_SESSION_TOKEN")
        return Keys(environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], token)
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in environ:
        token = Path(environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read_text()
        lent = json.loads(
            _ask(Request(environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": token}))
        )
        return Keys(lent["AccessKeyId"], lent["SecretAccessKey"], lent["Token"])
    if "AWS_WEB_IDENTITY_TOKEN_FILE" in environ:
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": environ["AWS_ROLE_ARN"],
            "RoleSessionName": SESSION,
            "WebIdentityToken": Path(environ["AWS_WEB_IDENTITY_TOKEN_FILE"]).read_text().strip(),
        }
        endpoint = environ.get("AWS_ENDPOINT_URL_STS", f"https://sts.{region}.amazonaws.com/")
        answer = _ask(Request(endpoint, data=urlencode(form).encode())).decode()
        return Keys(*(_element(answer, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))
    raise IdentityError(
        "no AWS_ACCESS_KEY_ID, AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_WEB_IDENTITY_TOKEN_FILE is set"
    )


def alibaba_keys(environ: Mapping[str, str] = os.environ) -> Keys:
    """Keys lent for the pod's token: RAM roles for service accounts (RRSA)."""
    if "ALIBABA_CLOUD_OIDC_TOKEN_FILE" not in environ:
        raise IdentityError("ALIBABA_CLOUD_OIDC_TOKEN_FILE is not set")
    form = {
        "Action": "AssumeRoleWithOIDC",
        "Version": "2015-04-01",
        "Format": "JSON",
        "RoleArn": environ["ALIBABA_CLOUD_ROLE_ARN"],
        "OIDCProviderArn": environ["ALIBABA_CLOUD_OIDC_PROVIDER_ARN"],
        "OIDCToken": Path(environ["ALIBABA_CLOUD_OIDC_TOKEN_FILE"]).read_text().strip(),
        "RoleSessionName": SESSION,
    }
    endpoint = environ.get("ALIBABA_CLOUD_STS_ENDPOINT", "sts.aliyuncs.com")
    address = endpoint if "://" in endpoint else f"https://{endpoint}/"
    lent = json.loads(_ask(Request(address, data=urlencode(form).encode())))["Credentials"]
    return Keys(lent["AccessKeyId"], lent["AccessKeySecret"], lent["SecurityToken"])


def google_token(environ: Mapping[str, str] = os.environ) -> str:
    """A token of the service account, from GKE's metadata server."""
    host = environ.get("GCE_METADATA_HOST", "metadata.google.internal")
    address = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
    return str(json.loads(_ask(Request(address, headers={"Metadata-Flavor": "Google"})))["access_token"])


def azure_token(environ: Mapping[str, str] = os.environ) -> str:
    """A token for storage, in exchange for the pod's own: AKS workload identity."""
    if "AZURE_FEDERATED_TOKEN_FILE" not in environ:
        raise IdentityError("AZURE_FEDERATED_TOKEN_FILE is not set")
    form = {
        "client_id": environ["AZURE_CLIENT_ID"],
        "client_assertion": Path(environ["AZURE_FEDERATED_TOKEN_FILE"]).read_text().strip(),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "grant_type": "client_credentials",
        "scope": "https://storage.azure.com/.default",
    }
    address = f"{environ['AZURE_AUTHORITY_HOST'].rstrip('/')}/{environ['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    return str(json.loads(_ask(Request(address, data=urlencode(form).encode())))["access_token"])


def _ask(request: Request) -> bytes:
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
        content: bytes = answer.read()
    return content


def _element(document: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]+)</{name}>", document)
    if found is None:
        raise IdentityError(f"the answer has no {name}")
    return found.group(1)
