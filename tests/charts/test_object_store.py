"""The object store's chart: refused values, restricted pods, and no key in anything rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aicc import paths
from tests.support.helm import Helm, HelmError, Objects
from tests.support.kubeconform import kubeconform

CHART = paths.CHARTS / "object-store"


def objects(helm: Helm, **values: Any) -> Objects:
    return Objects.parse(helm.template(CHART, values, release="object-store", namespace="aicc-system"))


def test_it_lints_and_fits_kubernetes_own_schemas(helm: Helm, kubeconform_binary: Path, tmp_path: Path) -> None:
    assert "0 chart(s) failed" in helm.lint(CHART, {})
    target = tmp_path / "rendered.yaml"
    target.write_text(helm.template(CHART, {}, release="object-store", namespace="aicc-system"), encoding="utf-8")
    kubeconform(kubeconform_binary, [target])


def test_the_pod_is_restricted_and_its_keys_come_from_a_secret(helm: Helm) -> None:
    pod = objects(helm, credentials="kept")["StatefulSet"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"]} == {"kept"}


def test_only_pods_of_tenants_that_say_they_read_data_come_in(helm: Helm) -> None:
    [rule] = objects(helm)["NetworkPolicy"]["spec"]["ingress"]
    outside, inside = rule["from"]
    assert outside["namespaceSelector"]["matchLabels"] == {"aicc.io/role": "tenant"}
    assert outside["podSelector"]["matchLabels"] == {"aicc.io/data": "true"}
    assert inside == {"podSelector": {}}


@pytest.mark.parametrize("values", [{"sise": "1Gi"}, {"size": "much"}, {"service": {"port": 80}}, {"runAsUser": 0}])
def test_values_that_it_does_not_know_or_allow_are_refused(helm: Helm, values: dict[str, Any]) -> None:
    with pytest.raises(HelmError):
        objects(helm, **values)
