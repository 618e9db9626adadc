"""Images into a registry: those of `images/`, and weights of the models that need no hub, as an image to mount.

buildah copies; who may push is known to it from `buildah login` or `docker login`.
"""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from aicc.errors import PrerequisiteError
from aicc.images.build import ensure, storage
from aicc.images.buildah import EPOCH, Buildah
from aicc.models import local
from aicc.progress import Reporter
from infra import images

ANSWER_SECONDS = 10.0
_WEIGHTS = "FROM scratch\n# The server that mounts it runs as another user than root.\nCOPY --chmod=755 . /\n"


def known() -> tuple[str, ...]:
    """Every name that can be pushed."""
    return tuple(sorted({*images.names(), *local.MODELS}))


def push(names: Sequence[str], registry: str, reporter: Reporter) -> dict[str, str]:
    """Build what is not built yet and push each to `registry/<name>`; its digest (`sha256:…`) there, by name.

    Raises PrerequisiteError, with nothing built, where the registry does not answer; AiccError where a build or a
    push fails.
    """
    _require_answer(registry)
    archives = ensure([name for name in names if name in images.names()], reporter)
    weights = {name: local.files(name, reporter) for name in names if name not in archives}
    digests = {}
    with storage(reporter) as buildah:
        for name in names:
            with reporter.step(f"Pushing {name} to {registry}"):
                if name in archives:
                    source = images.local_image(name)
                    load = ["pull", "--quiet", f"docker-archive:{archives[name]}"]
                    buildah.run(load, lambda _: None, what=f"reading image {name}")
                else:
                    source = f"{images.REPOSITORY}/{name}:weights"
                    _weights_image(source, weights[name], buildah)
                try:
                    digests[name] = _push(source, f"{registry}/{name}", buildah)
                finally:
                    buildah.forget(source)
    return digests


def _push(source: str, repository: str, buildah: Buildah) -> str:
    digest = buildah.temporary / "digest"
    # As Docker has it: only this machine's own registries may do without TLS. For them, to compress only takes time.
    plain = ["--tls-verify=false", "--disable-compression"] if _is_loopback(repository) else []
    target = f"docker://{repository}:{source.rpartition(':')[2]}"
    command = ["push", "--quiet", *plain, "--digestfile", str(digest), source, target]
    buildah.run(command, lambda _: None, what=f"pushing {repository}")
    return digest.read_text(encoding="utf-8").strip()


def _weights_image(reference: str, files: Mapping[str, Path], buildah: Buildah) -> None:
    context, recipe = buildah.temporary / "weights", buildah.temporary / "weights.Containerfile"
    context.mkdir()
    recipe.write_text(_WEIGHTS, encoding="utf-8")
    for name, path in files.items():
        shutil.copy(path, context / name)
    command = ["bud", "--isolation", "chroot", f"--timestamp={EPOCH}", "--tag", reference, "--file", str(recipe)]
    try:
        buildah.run([*command, str(context)], lambda _: None, what=f"building image {reference}")
    finally:
        shutil.rmtree(context)


def _is_loopback(reference: str) -> bool:
    host = reference.partition("/")[0].rpartition(":")[0] or reference.partition("/")[0]
    return host == "localhost" or host.startswith("127.")


def _require_answer(registry: str) -> None:
    host = registry.partition("/")[0]
    url = f"{'http' if _is_loopback(registry) else 'https'}://{host}/v2/"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS):  # noqa: S310  http or https
            return
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in {401, 403}:  # it wants to know who asks, which buildah tells it
            return
        why = f"answers {error.code}"
    except (OSError, ValueError) as error:
        why = str(getattr(error, "reason", error))
    raise PrerequisiteError(
        f"there is no registry at {url}: {why}; nothing was built or pushed",
        hint="start it, or name another; for kind: https://kind.sigs.k8s.io/docs/user/local-registry/",
    )
