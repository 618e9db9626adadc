"""`aicc models` by its command line, against a real API server and a real store: what it says, and never a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aicc.cli_models import app
from aicc.errors import ClusterError
from aicc.kubeconfigs import connect
from aicc.models import keys
from aicc.models.store import Store
from aicc.stacks import Stack
from infra import names
from tests.models import centres, stores

pytestmark = pytest.mark.cluster
OTHER = f"sha256:{'1' * 64}"
NOWHERE = "--endpoint=http://127.0.0.1:9"


def aicc(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    return centres.model_folder(files)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with centres.running(tmp_path_factory.mktemp("state")):
        yield


@pytest.fixture
def stack(cluster: None, tmp_path: Path, folder: Path) -> Stack:
    """Whose model declares what is in the folder."""
    found = centres.declared(tmp_path, centres.digest_of(folder))
    with connect(found) as kube:
        centres.namespaces(kube, found)
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with stores.serving(tmp_path_factory.mktemp("store")) as store:
        yield store


@pytest.fixture
def store(stack: Stack, server: Store) -> Store:
    """The centre's: its root is who the Secret says."""
    centres.forget_keys(stack)
    metadata = {"name": names.OBJECT_STORE, "namespace": names.SYSTEM_NAMESPACE}
    data = {"access": stores.ROOT.access, "secret": stores.ROOT.secret}
    with connect(stack) as kube:
        kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    return server


def listed(stack: Stack, *more: str) -> dict[str, str | None]:
    done = aicc("list", "--json", "--stack", stack.path, *more)
    assert done.exit_code == 0, done.output
    [model] = json.loads(done.stdout)["models"]
    return dict(model)


def test_what_is_pushed_is_listed_with_the_digest_that_verify_prints(stack: Stack, store: Store, folder: Path) -> None:
    endpoint = f"--endpoint={store.url}"
    before = listed(stack, endpoint)
    assert (before["stored"], before["state"]) == (None, "no job")
    pushed = aicc("push", "m", folder, "--stack", stack.path, endpoint)
    assert pushed.exit_code == 0, pushed.output
    digest = aicc("verify", folder).stdout.strip()
    assert digest == pushed.stdout.strip() == listed(stack, endpoint)["stored"] == centres.digest_of(folder)
    assert store.digest("models", "qwen3-32b") == digest
    with connect(stack) as kube:
        accounts = keys.ensure(kube, stack.plan)
    assert accounts is not None
    tenant = Store(store.url, accounts.readers["research"])
    assert tenant.digest("models", "qwen3-32b") == digest, "the tenant's own keys read it"
    for secret in (accounts.root.secret, *(each.secret for each in accounts.readers.values())):
        assert secret not in pushed.output
        assert secret not in aicc("list", "--stack", stack.path, endpoint).output


def test_another_digest_in_the_store_is_said(stack: Stack, store: Store, folder: Path, tmp_path: Path) -> None:
    assert aicc("push", "m", folder, "--stack", stack.path, f"--endpoint={store.url}").exit_code == 0
    changed = centres.declared(tmp_path, OTHER)
    assert listed(changed, f"--endpoint={store.url}")["state"] == "another digest"


def test_without_a_way_to_the_store_what_it_holds_is_not_known(stack: Stack, store: Store) -> None:
    assert listed(stack)["stored"] is None


def test_files_of_another_digest_are_refused_before_anything_is_pushed(
    stack: Stack, store: Store, folder: Path
) -> None:
    before = store.digest("models", "qwen3-32b") if _has_bucket(store) else None
    (folder / "model.gguf").write_bytes(b"other weights")
    done = aicc("push", "m", folder, "--stack", stack.path, f"--endpoint={store.url}")
    assert done.exit_code == 3
    assert f"have {centres.digest_of(folder)}, but m declares" in done.stderr
    assert "nothing was pushed" in done.stderr
    assert (store.digest("models", "qwen3-32b") if _has_bucket(store) else None) == before


def _has_bucket(store: Store) -> bool:
    store.prepare("models", [stores.READER])
    return True


@pytest.mark.parametrize(
    ("name", "said"),
    [("mm", "did you mean: m"), ("quite-another", "its models: m")],
)
def test_an_unknown_model_is_said_with_those_there_are(stack: Stack, folder: Path, name: str, said: str) -> None:
    done = aicc("push", name, folder, "--stack", stack.path, NOWHERE)
    assert done.exit_code == 3
    assert f"has no model {name}" in done.stderr
    assert said in done.stderr


def test_a_folder_without_files_is_refused(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for wrong in (tmp_path / "empty", tmp_path / "absent", stack.path):
        assert aicc("push", "m", wrong, "--stack", stack.path, NOWHERE).exit_code == 3
        refused = aicc("verify", wrong)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert str(wrong) in refused.stderr.replace("\n", "")


def test_verify_compares_with_what_is_expected(folder: Path) -> None:
    digest = centres.digest_of(folder)
    assert aicc("verify", folder, digest).exit_code == 0
    refused = aicc("verify", folder, OTHER)
    assert refused.exit_code == 1
    assert f"has {digest}, not {OTHER}" in refused.stderr


def test_a_list_of_sums_beside_the_files_changes_no_digest(folder: Path) -> None:
    digest = centres.digest_of(folder)
    (folder / "SHA256SUMS").write_text("whatever")
    assert aicc("verify", folder).stdout.strip() == digest


def test_a_store_that_is_down_is_one_clear_error(stack: Stack, store: Store, folder: Path) -> None:
    for arguments in (("push", "m", folder), ("list",)):
        done = aicc(*arguments, "--stack", stack.path, NOWHERE)
        assert done.exit_code == ClusterError.exit_code
        assert "the object store broke off" in done.stderr
        assert stores.ROOT.secret not in done.output


def test_a_store_that_is_not_reached_is_told_with_a_way_to_it(stack: Stack, folder: Path) -> None:
    done = aicc("push", "m", folder, "--stack", stack.path)
    assert done.exit_code == ClusterError.exit_code
    assert "port-forward svc/object-store" in done.stderr


def test_wrong_keys_are_refused_by_the_store_and_not_printed(stack: Stack, server: Store, folder: Path) -> None:
    centres.forget_keys(stack)
    done = aicc("push", "m", folder, "--stack", stack.path, f"--endpoint={server.url}")
    assert done.exit_code == ClusterError.exit_code
    assert "the object store refused PUT /models: 403" in done.stderr
    with connect(stack) as kube:
        made = keys.root(kube)
    assert made is not None
    assert made.secret not in done.output


def test_credentials_are_made_once_and_counted_instead_of_shown(stack: Stack) -> None:
    centres.forget_keys(stack)
    done = aicc("credentials", "--stack", stack.path)
    assert done.exit_code == 0, done.output
    assert "keys of 2 accounts" in done.stdout
    with connect(stack) as kube:
        made = keys.root(kube)
    assert made is not None
    assert made.secret not in done.output
    assert aicc("credentials", "--stack", stack.path).exit_code == 0
    with connect(stack) as kube:
        assert keys.root(kube) == made
