"""The program on the SDK's mocks in this process, to see what only the mocks are told: each resource's provider.

`@pulumi.runtime.test` is no ornament: outputs resolve on an event loop, and an assertion inside `apply` of a test that
is not decorated runs after the test has passed, or never. The first test here shows that the decorator reports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from aicc.offline.record import event_loop
from infra import layers, outputs
from infra.catalogue import load
from infra.clouds import registry
from infra.estimate import estimate
from infra.plan import CenterPlan


class Recorder(mocks.Mocks):
    """Echoes inputs, and keeps what was registered."""

    def __init__(self) -> None:
        self.registered: list[mocks.MockResourceArgs] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.registered.append(args)
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"{args.token} asks a cloud for data")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    found = Recorder()
    with event_loop():
        mocks.set_mocks(found, project="ai-compute-center", stack="local")
        yield found


def test_an_assertion_inside_apply_fails_a_decorated_test(recorder: Recorder) -> None:
    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def decorated() -> pulumi.Output[None]:
        def wrong(value: int) -> None:
            assert value == 2

        return pulumi.Output.from_input(1).apply(wrong)

    with pytest.raises(AssertionError):
        decorated()


def build(plan: CenterPlan) -> dict[str, Any]:
    cluster = registry.cloud(plan.cloud.kind).build(plan)
    layers.build(plan, cluster)
    return dict(outputs.of(plan, cluster, estimate(plan, load())))


@pulumi.runtime.test  # type: ignore[untyped-decorator]
def test_every_export_is_known_without_asking_the_cluster(
    recorder: Recorder, local_plan: CenterPlan
) -> pulumi.Output[None]:
    def check(exported: dict[str, Any]) -> None:
        assert exported["center"] == "jinshan-local"
        assert exported["tenants"] == {tenant.name: tenant.namespace for tenant in local_plan.tenants}
        assert set(exported["models"]) == {model.name for model in local_plan.models}
        assert exported["kubeconfig"].endswith("/local/kubeconfig")
        assert exported["estimate"] == estimate(local_plan, load()).total.as_dict()

    return pulumi.Output.from_input(build(local_plan)).apply(check)


def test_every_resource_is_made_by_the_cluster_s_provider(recorder: Recorder, local_plan: CenterPlan) -> None:
    """Never by a default provider, which would follow the user's own kubeconfig."""

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        build(local_plan)

    program()
    made = [args for args in recorder.registered if args.typ.startswith("kubernetes:") and args.custom]
    assert made
    for args in made:
        assert "pulumi:providers:kubernetes::cluster::" in (args.provider or "")
