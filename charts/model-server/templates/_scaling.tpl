{{- /* What an autoscaler acts on, and where it looks. */ -}}
{{- define "model-server.scaleTarget" -}}
{{- if include "model-server.spansNodes" . -}}
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
name: {{ include "model-server.workload" (dict "Values" .Values "Release" .Release "rank" "leader") }}
{{- else -}}
apiVersion: apps/v1
kind: Deployment
name: {{ include "model-server.workload" . }}
{{- end }}
{{- end }}

{{- /* One of the gateway's metrics of this model: the root, the metric's name, how its replicas' values are joined. */ -}}
{{- define "model-server.gatewayMetric" -}}
{{- $root := index . 0 -}}
url: {{ $root.Values.autoscaling.keda.gateway.url | quote }}
format: prometheus
valueLocation: {{ printf "%s{model=%q}" (index . 1) $root.Values.model.name | quote }}
{{- if $root.Values.autoscaling.keda.gateway.everyReplica }}
aggregateFromKubeServiceEndpoints: "true"
aggregationType: {{ index . 2 }}
{{- end }}
{{- end }}
