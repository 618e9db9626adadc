{{- /* Every name and label of the chart. */ -}}

{{- define "model-server.name" -}}
model-server
{{- end }}

{{- /* The overrides let one Helm process render many releases: as an alias of an umbrella chart, a release has no name
and no namespace of its own. */ -}}
{{- define "model-server.fullname" -}}
{{ .Values.fullnameOverride | default .Release.Name }}
{{- end }}

{{- define "model-server.namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "model-server.container" -}}
engine
{{- end }}

{{- define "model-server.portName" -}}
http
{{- end }}

{{- /*
What a release consists of. A replica is one pod, or a group of pods on several nodes, of which the first answers requests.
Split into prefill and decode, a release has one workload for each role. Templates that are about one of these are given a
context that also has `role` (empty, prefill, decode) and `rank` (leader, worker).
*/ -}}
{{- define "model-server.roles" -}}
{{ ternary (list "prefill" "decode") (list "") .Values.disaggregation.enabled | toJson }}
{{- end }}

{{- define "model-server.spansNodes" -}}
{{- if gt (int .Values.nodesPerReplica) 1 }}true{{ end -}}
{{- end }}

{{- /* Never the Service's name: LeaderWorkerSet gives a Service of its own that of the set. Through it a group's pods find their
leader before it is ready, and it is not made where there is one of that name already. */ -}}
{{- define "model-server.workload" -}}
{{ include "model-server.fullname" . }}{{ with .role }}-{{ . }}{{ else }}{{ if .rank }}-group{{ end }}{{ end }}
{{- end }}

{{- define "model-server.replicas" -}}
{{- if .role -}}
{{ int (get .Values.disaggregation.replicas .role) }}
{{- else -}}
{{ int .Values.replicas.min }}
{{- end -}}
{{- end }}

{{- /* Workers answer no requests, and each half of a split is spoken to in its own way: nobody may take them for a server. */ -}}
{{- define "model-server.component" -}}
model-server{{ with .role }}-{{ . }}{{ end }}{{ if eq (.rank | default "leader") "worker" }}-worker{{ end }}
{{- end }}

{{- /* A Deployment's selector can never change: nothing that a value can alter belongs here. */ -}}
{{- define "model-server.selectorLabels" -}}
app.kubernetes.io/name: {{ include "model-server.name" . }}
app.kubernetes.io/instance: {{ include "model-server.fullname" . | quote }}
{{- end }}

{{- /* What gateways and monitoring select by. The chart's version is left out: a new chart alone must restart no pod. */ -}}
{{- define "model-server.podLabels" -}}
{{- $own := include "model-server.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/component" (include "model-server.component" .) -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "ai-compute-center" -}}
{{- $_ := set $own "aicc.io/model" .Values.model.name -}}
{{- with .Values.tenant }}{{ $_ := set $own "aicc.io/tenant" . }}{{ end -}}
{{- merge $own (.Values.labels | default dict) | toYaml }}
{{- end }}

{{- /* SMG reads there where a prefill server hands over what it has computed. */ -}}
{{- define "model-server.podAnnotations" -}}
{{- $own := .Values.annotations | default dict -}}
{{- if eq (.role | default "") "prefill" -}}
{{- $own = merge (dict "sglang.ai/bootstrap-port" (toString .Values.disaggregation.bootstrapPort)) $own -}}
{{- end -}}
{{- with $own }}{{ toYaml . }}{{ end -}}
{{- end }}

{{- define "model-server.labels" -}}
{{- $own := include "model-server.podLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" (include "model-server.name" .) .Chart.Version) -}}
{{- toYaml $own }}
{{- end }}

{{- define "model-server.metadata" -}}
name: {{ include "model-server.workload" . }}
namespace: {{ include "model-server.namespace" . }}
labels:
  {{- include "model-server.labels" . | nindent 2 }}
{{- with .Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* What a workload of several roles selects its own pods by. */ -}}
{{- define "model-server.workloadSelector" -}}
{{ include "model-server.selectorLabels" . }}
{{- if .role }}
app.kubernetes.io/component: {{ include "model-server.component" . }}
{{- end }}
{{- end }}

{{- define "model-server.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end }}
