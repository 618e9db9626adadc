"""From declared applications to their plan, and what they must satisfy together with quotas and rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from infra import images, quantity
from infra.config.applications import Applications, File
from infra.config.issues import Issue, unknown
from infra.config.models import Center, Model
from infra.config.storage import CHECKPOINTS
from infra.plan.applications.model import ApplicationsPlan, BatchPlan, ChatPlan, FilePlan, NotebooksPlan
from infra.plan.model import ModelPlan, TenantPlan, WorkloadPlan
from infra.plan.workloads import checkpoints_of

BATCH_PRIORITY = "aicc-batch"
CHAT_CPU, CHAT_MEMORY = "250m", "512Mi"
ANSWER_TOKENS = 2_048
HUB_CPU, HUB_MEMORY, HUB_STORAGE = "500m", "1Gi", "20Gi"
"""The hub and its proxy together; its database's volume."""
HUB_PODS = 2
BATCH_CPU, BATCH_MEMORY = "250m", "256Mi"


def resolve(declared: Applications, tenants: Mapping[str, TenantPlan], models: Sequence[Model]) -> ApplicationsPlan:
    """Every application with its namespace, image and size; tenants and models are known to exist."""
    chat = [
        ChatPlan(
            tenant=item.tenant,
            namespace=tenants[item.tenant].namespace,
            models=item.models,
            answer_tokens=item.answer_tokens or _answer_tokens(item.models, models),
            group=tenants[item.tenant].group,
            host=item.host,
            login=item.login,
            image=item.image or images.local_image("chat"),
            priority_class=tenants[item.tenant].priority_class,
            cpu=CHAT_CPU,
            memory=CHAT_MEMORY,
        )
        for item in declared.chat
    ]
    notebooks = [
        NotebooksPlan(
            tenant=item.tenant,
            namespace=tenants[item.tenant].namespace,
            group=tenants[item.tenant].group,
            host=item.host,
            login=item.login,
            images=item.images,
            users=item.users,
            cpu_cores=quantity.parse(item.cpu),
            memory_bytes=int(quantity.parse(item.memory)),
            storage=item.storage,
            idle_minutes=item.idle_minutes,
            priority_class=tenants[item.tenant].priority_class,
        )
        for item in declared.notebooks
    ]
    batches = [
        BatchPlan(
            name=item.name,
            tenant=item.tenant,
            namespace=tenants[item.tenant].namespace,
            model=item.model,
            input=_file(item.input, item.tenant),
            output=_file(item.output, item.tenant),
            concurrency=item.concurrency,
            suspended=item.suspended,
            deferrable=item.deferrable,
            image=item.image or images.local_image("batch-inference"),
            priority_class=BATCH_PRIORITY,
            cpu=BATCH_CPU,
            memory=BATCH_MEMORY,
        )
        for item in declared.batch_inference
    ]
    return ApplicationsPlan(declared.entrance, tuple(chat), tuple(notebooks), tuple(batches))


def _answer_tokens(chosen: Sequence[str], models: Sequence[Model]) -> int:
    """Half of a context at most: a question, and what was said before, need the rest."""
    contexts = [model.max_model_len for model in models if model.name in chosen and model.max_model_len]
    return max(1, min([ANSWER_TOKENS, *(context // 2 for context in contexts)]))


def check(
    center: Center,
    offered: ApplicationsPlan,
    tenants: Sequence[TenantPlan],
    models: Sequence[ModelPlan],
    workloads: Sequence[WorkloadPlan],
    *,
    has_gateway: bool,
) -> list[Issue]:
    """What does not fit the centre's door, its buckets, or its tenants' quotas."""
    return [
        *_door(offered, has_gateway=has_gateway),
        *_buckets(center.applications, workloads),
        *_quotas(tenants, models, offered),
    ]


def on_a_local_cluster(offered: ApplicationsPlan) -> ApplicationsPlan:
    """Return it without what stands on the charts of others, and with a note for each that is left out."""
    notes = (
        f"applications.notebooks[{index}]: tenant {item.tenant}'s notebooks do not run on a local cluster, which "
        "reaches neither JupyterHub's chart nor its images"
        for index, item in enumerate(offered.notebooks)
    )
    return replace(offered, notebooks=(), notes=tuple(notes))


def _door(offered: ApplicationsPlan, *, has_gateway: bool) -> Iterator[Issue]:
    """Applications reach models through the gateway, and in no other way."""
    if (offered.chat or offered.notebooks or offered.batches) and not has_gateway:
        yield Issue(
            "applications",
            "need the gateway, and this centre has none",
            allowed="models, gateway.enabled, and outside local stacks gateway.image",
            consequence="nobody would answer them",
        )


def _file(file: File, tenant: str) -> FilePlan:
    return FilePlan(_role(file.bucket, tenant) if file.bucket else None, file.claim, file.path)


def _role(bucket: str, tenant: str) -> str:
    """Each tenant has checkpoints of its own."""
    return checkpoints_of(tenant) if bucket == CHECKPOINTS else bucket


def _buckets(declared: Applications, workloads: Sequence[WorkloadPlan]) -> Iterator[Issue]:
    """A batch reads and writes only what its tenant may."""
    rights = {workload.name: workload for workload in workloads}
    for index, batch in enumerate(declared.batch_inference):
        own = rights.get(f"tenant-{batch.tenant}")
        writes = own.writes if own else ()
        reads = (*own.reads, *own.writes) if own else ()
        for field, file, allowed in (("input", batch.input, reads), ("output", batch.output, writes)):
            if file.bucket is None or _role(file.bucket, batch.tenant) in allowed:
                continue
            path = f"applications.batchInference[{index}].{field}.bucket"
            shown = [CHECKPOINTS if role == checkpoints_of(batch.tenant) else role for role in allowed]
            if not own:
                yield Issue(
                    path,
                    "is not there: this cloud makes no buckets",
                    file.bucket,
                    allowed="claim, a volume that the tenant has claimed",
                    consequence="the job would find no file",
                )
            else:
                verb = "read" if field == "input" else "write to"
                yield unknown(
                    path,
                    file.bucket,
                    shown,
                    f"is not a bucket that tenant {batch.tenant} may {verb}",
                    consequence="the cloud would refuse the job",
                )


@dataclass(frozen=True)
class _Need:
    """What an application takes of its tenant's quota at most."""

    path: str
    tenant: str
    cpu: Fraction
    memory: Fraction
    pods: int
    storage: Fraction = Fraction(0)


def _quotas(planned: Sequence[TenantPlan], models: Sequence[ModelPlan], offered: ApplicationsPlan) -> Iterator[Issue]:
    """A tenant's applications fit what its models leave of its quota, one after the other."""
    for tenant in planned:
        own = [model for model in models if model.tenant == tenant.name]
        left = {
            "cpu": quantity.parse(tenant.hard["requests.cpu"]) - _of(own, "cpu"),
            "memory": quantity.parse(tenant.hard["requests.memory"]) - _of(own, "memory"),
            "storage": quantity.parse(tenant.hard["requests.storage"]),
            "pods": Fraction(int(tenant.hard["pods"]) - sum(model.max_pods for model in own)),
        }
        for need in (need for need in _needs(offered) if need.tenant == tenant.name):
            for field, there in left.items():
                wanted = Fraction(getattr(need, field))
                if wanted > there:
                    yield Issue(
                        need.path,
                        f"needs {_shown(field, wanted)} of tenant {tenant.name}'s quota, of which its models and "
                        f"earlier applications leave {_shown(field, max(there, Fraction(0)))}",
                        allowed=f"tenants[].quota.{field} with room for it, or less of it",
                        consequence="pods beyond the quota would never start",
                    )
                left[field] = there - wanted


def _of(models: Sequence[ModelPlan], field: str) -> Fraction:
    return sum((quantity.parse(getattr(model, field)) * model.max_pods for model in models), Fraction(0))


def _needs(offered: ApplicationsPlan) -> Iterator[_Need]:
    for index, chat in enumerate(offered.chat):
        # Two for the moment in which one takes the other's place.
        yield _need(f"applications.chat[{index}]", chat.tenant, chat.cpu, chat.memory, 2)
    for index, item in enumerate(offered.notebooks):
        users = item.users
        yield _Need(
            f"applications.notebooks[{index}].users",
            item.tenant,
            item.cpu_cores * users + quantity.parse(HUB_CPU),
            Fraction(item.memory_bytes) * users + quantity.parse(HUB_MEMORY),
            users + HUB_PODS,
            quantity.parse(item.storage) * users + quantity.parse(HUB_STORAGE),
        )
    for index, batch in enumerate(offered.batches):
        yield _need(f"applications.batchInference[{index}]", batch.tenant, batch.cpu, batch.memory, 1)


def _need(path: str, tenant: str, cpu: str, memory: str, pods: int) -> _Need:
    return _Need(path, tenant, quantity.parse(cpu) * pods, quantity.parse(memory) * pods, pods)


def _shown(field: str, value: Fraction) -> str:
    match field:
        case "cpu":
            return f"{quantity.cores(value)} cores"
        case "memory":
            return f"{quantity.mebibytes(value)} of memory"
        case "storage":
            return f"{quantity.mebibytes(value)} of storage"
        case _:
            return f"{int(value)} pods"
