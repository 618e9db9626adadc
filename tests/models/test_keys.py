"""Keys of the store in the Secrets of a real API server: made once, never changed, and one clear error where broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.kubeconfigs import connect
from aicc.models import keys, upload
from aicc.stacks import Stack
from images.prefetch.prefetch.s3 import Keys
from infra import names
from tests.models import centres
from tests.support.recorder import Recorder

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with centres.running(tmp_path_factory.mktemp("state")):
        yield centres.declared(tmp_path_factory.mktemp("stack"), f"sha256:{'0' * 64}")


@pytest.fixture
def kube(stack: Stack) -> Iterator[Kube]:
    with connect(stack) as connected:
        yield connected


@pytest.fixture
def ready(stack: Stack, kube: Kube) -> Kube:
    centres.namespaces(kube, stack)
    centres.forget_keys(stack)
    return kube


def test_before_there_are_namespaces_no_key_is_made(stack: Stack, kube: Kube) -> None:
    """First in this file: namespaces are not removed in a moment."""
    assert keys.ensure(kube, stack.plan) is None
    assert keys.root(kube) is None


def test_everybody_has_a_key_of_their_own_and_keeps_it(stack: Stack, ready: Kube) -> None:
    assert keys.root(ready) is None
    made = keys.ensure(ready, stack.plan)
    assert made is not None
    assert set(made.readers) == {"research"}
    assert made.readers["research"].access == "tenant-research"
    everybody = [made.root, *made.readers.values()]
    assert len({each.secret for each in everybody}) == len(everybody)
    assert all(len(each.secret) >= 64 for each in everybody)
    assert keys.ensure(ready, stack.plan) == made
    assert keys.root(ready) == made.root
    assert not [each for each in everybody if each.secret in repr(made)]


def test_a_tenant_cannot_read_the_root_s(stack: Stack, ready: Kube) -> None:
    keys.ensure(ready, stack.plan)
    homes = {
        each["metadata"]["namespace"]
        for each in ready.list("v1", "Secret")
        if each["metadata"]["name"] == names.OBJECT_STORE
    }
    assert homes == {names.SYSTEM_NAMESPACE}


def test_of_two_runs_at_a_time_both_use_what_the_first_made(
    stack: Stack, ready: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keys.ensure(ready, stack.plan)
    read, seen = keys._read, list[str]()

    def late(kube: Kube, name: str, namespace: str) -> Keys | None:
        """The first look at each is from before the other run."""
        if namespace not in seen:
            seen.append(namespace)
            return None
        return read(kube, name, namespace)

    monkeypatch.setattr(keys, "_read", late)
    assert keys.ensure(ready, stack.plan) == first


@pytest.mark.parametrize("data", [{}, {"access": "root"}, {"access": "root", "secret": ""}, {"user": "root"}])
def test_a_secret_that_is_not_a_key_is_one_clear_error_that_prints_nothing_of_it(
    stack: Stack, ready: Kube, data: dict[str, str]
) -> None:
    metadata = {"name": names.OBJECT_STORE, "namespace": names.SYSTEM_NAMESPACE}
    values = {**data, "other": "do-not-print"}
    ready.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values})
    with pytest.raises(ClusterError, match=f"Secret {names.SYSTEM_NAMESPACE}/{names.OBJECT_STORE} is not a key") as no:
        keys.ensure(ready, stack.plan)
    assert "do-not-print" not in f"{no.value} {no.value.hint}"


def test_while_a_stack_comes_up_its_keys_are_made(stack: Stack, ready: Kube) -> None:
    """Where the store is not reached from here, that is all there is to do."""
    recorder = Recorder()
    with upload.supplied(stack, recorder):
        pass
    made = keys.root(ready)
    assert made is not None
    assert made.secret not in recorder.text


def test_a_failure_beside_the_driver_is_raised_after_it(stack: Stack, ready: Kube) -> None:
    metadata = {"name": names.OBJECT_STORE, "namespace": names.SYSTEM_NAMESPACE}
    ready.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    recorder, done = Recorder(), False
    with pytest.raises(ClusterError, match="is not a key"), upload.supplied(stack, recorder):
        done = True
    assert done
    assert "models were not put into the object store" in recorder.text


def test_a_stack_without_a_real_node_is_not_reached(stack: Stack) -> None:
    assert upload.reach(stack) is None
