"""Runs the Pulumi program on the SDK's own mock monitor and records every resource it registers.

One program per process: the SDK keeps its settings in globals.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import runpy
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks, rpc, set_all_config
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

from aicc.offline.values import LATER, Secret
from aicc.paths import REPO
from infra.config.load import PROJECT

PROGRAM = REPO / "infra"
STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Resource:
    """One registered resource, as the engine would see it."""

    urn: str
    type: str
    name: str
    parent: str
    """The parent's URN; empty for the stack."""
    dependencies: tuple[str, ...]
    """URNs that must exist first: explicit ones and those that inputs come from."""
    custom: bool
    """False for components, which exist only in the tree."""
    inputs: Mapping[str, Any]
    protect: bool = False
    """Whether the engine refuses to delete it."""


@dataclass(frozen=True)
class Recording:
    """Everything that the program registered, in order, and what it exports."""

    stack: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]


def record(stack: str, config: Mapping[str, Any]) -> Recording:
    """Run the program for `stack` with its raw configuration.

    Raises pulumi.RunError as the program does.
    """
    monitor = _RecordingMonitor()
    # Where the CLI runs the program: relative chart paths must come out the same.
    with contextlib.chdir(PROGRAM), without_collection(), event_loop() as loop:
        mocks.set_mocks(monitor.mocks, project=PROJECT, stack=stack, preview=True, monitor=monitor)
        # set_mocks made a stack and ended it; the program needs one that is still open.
        set_root_resource(cast("pulumi.Resource", None))
        set_all_config({key: _text(value) for key, value in config.items()})
        loop.run_until_complete(run_in_stack(_run_program))
    return Recording(stack, tuple(monitor.recorded), monitor.exports)


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection.

    A cloud's SDK makes millions of objects that all stay; looking through them, now or at the interpreter's end, costs
    as much as importing them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop whose workers have loops that are closed with it.

    The SDK would make those itself and leave them open, and now and then the interpreter complains at its end.
    """
    loop, workers = asyncio.new_event_loop(), list[asyncio.AbstractEventLoop]()

    def enter_worker() -> None:
        workers.append(asyncio.new_event_loop())
        asyncio.set_event_loop(workers[-1])

    executor = ThreadPoolExecutor(initializer=enter_worker)
    loop.set_default_executor(executor)
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        executor.shutdown()
        for each in (*workers, loop):
            each.close()
        asyncio.set_event_loop(None)


def _run_program() -> None:
    pulumi.runtime.register_stack_transformation(_without_aliases)
    runpy.run_path(str(PROGRAM), run_name="__main__")


def _without_aliases(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    """Former names matter to state, which a plan has not; some SDKs bring dozens, and the SDK resolves each."""
    args.opts.aliases = None
    return pulumi.ResourceTransformationResult(args.props, args.opts)


def _text(value: Any) -> str:
    """A configuration value as the CLI hands it to a program: objects as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


class _NoMocks(mocks.Mocks):
    """A plan asks nobody; `_RecordingMonitor` answers for resources itself."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError(args.typ)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise pulumi.RunError(f"{args.token} asks a cloud for data, which a plan without credentials cannot do")


class _RecordingMonitor(mocks.MockMonitor):
    """The mock monitor, which keeps what is registered, and answers as a first preview does.

    A resource's plain outputs are its inputs. Its id, what its provider would fill in, and nested values, whose form
    may differ between inputs and outputs (azure-native), are unknown.
    """

    def __init__(self) -> None:
        super().__init__(_NoMocks())
        self.recorded: list[Resource] = []
        self.exports: Mapping[str, Any] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The engine's URN: the whole chain of parent types, without the stack's."""
        chain = parent.split("::")[2] if parent else ""
        qualified = type_ if chain in {"", STACK_TYPE} else f"{chain}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the SDK's name
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=self.make_urn("", request.type, request.name))
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = plain(rpc.deserialize_properties(request.object))
        self.recorded.append(
            Resource(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                dependencies=tuple(request.dependencies),
                custom=bool(request.custom),
                inputs=inputs,
                protect=bool(request.protect),
            )
        )
        return resource_pb2.RegisterResourceResponse(urn=urn, object=_flat(request.object))

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  the SDK's name
        if request.urn.split("::")[2] == STACK_TYPE:
            self.exports = plain(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def _flat(properties: Any) -> Any:
    """A protobuf structure without its nested values; a secret is nested in protobuf only."""
    flat = type(properties)()
    for key, value in properties.fields.items():
        nested = value.WhichOneof("kind") in {"struct_value", "list_value"}
        if not nested or rpc._special_sig_key in value.struct_value.fields:
            flat.fields[key].CopyFrom(value)
    return flat


def plain(value: Any) -> Any:
    """Without protobuf's losses: its numbers are all floating point, and its maps have no order."""
    if isinstance(value, pulumi.output.Unknown):
        return LATER
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if rpc.is_rpc_secret(value):
        return Secret(plain(value["value"]))
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
