"""A stack that asks for KEDA, through the command line; its gateway is simulated, so no request is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aicc.kube.client import Kube
from aicc.local.keda.keda import Keda
from aicc.local.keda.layout import PROGRAMS
from aicc.local.keda.network import network_of
from tests.support.centre import Centre, eventually, small_config
from tests.support.keda import BUILT
from tests.support.recorder import Recorder

pytestmark = [pytest.mark.cluster, BUILT]


@pytest.fixture
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    made = Centre(tmp_path_factory.mktemp("keda"), "keda", small_config())
    made.config["cloud"]["operators"] = ["keda"]
    made.config["models"][0]["replicas"] = {"min": 0, "max": 2}
    made.save()
    try:
        yield made
    finally:
        made.run("down", expect=None)
    assert not made.processes()


def test_without_a_real_node_a_stack_has_the_definitions_and_says_what_that_means(centre: Centre) -> None:
    said = " ".join(centre.run("up", "--driver", "offline").stderr.split())
    assert "nothing scales here: without a real node" in said
    assert centre.status()["keda"] == []
    with centre.kube() as kube:
        [scaled] = kube.list("keda.sh/v1alpha1", "ScaledObject")
    assert "status" not in scaled
    assert centre.objects().startswith("no changes")


def test_a_stack_that_leaves_keda_gets_rid_of_what_it_scaled(centre: Centre) -> None:
    """KEDA's finalizer is on its objects, so KEDA must be there until they are gone."""
    centre.run("up", "--driver", "offline")
    with pytest.MonkeyPatch.context() as environment, centre.kube() as kube:
        environment.setenv("XDG_STATE_HOME", str(centre.state))
        Keda(centre.name).start(kube, network_of(centre.name, None), Recorder())
        eventually(lambda: bool(finalizers(kube)), "KEDA has seen the model")
    centre.config["cloud"].pop("operators")
    centre.config["models"][0]["replicas"] = {"min": 1, "max": 2}
    centre.save()
    centre.run("up", "--driver", "offline", "--timeout", "60")
    assert centre.status()["keda"] == []
    with centre.kube() as kube:
        assert kube.list("keda.sh/v1alpha1", "ScaledObject") == []
    assert not [one for one in centre.processes() if Path(one.info["cmdline"][0]).name in PROGRAMS]


def finalizers(kube: Kube) -> list[str]:
    found = kube.list("keda.sh/v1alpha1", "ScaledObject")
    return [name for one in found for name in one["metadata"].get("finalizers", [])]
