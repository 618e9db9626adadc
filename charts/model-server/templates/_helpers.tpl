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

{{- /* A Deployment's selector can never change: nothing that a value can alter belongs here. */ -}}
{{- define "model-server.selectorLabels" -}}
app.kubernetes.io/name: {{ include "model-server.name" . }}
app.kubernetes.io/instance: {{ include "model-server.fullname" . | quote }}
{{- end }}

{{- /* What gateways and monitoring select by. The chart's version is left out: a new chart alone must restart no pod. */ -}}
{{- define "model-server.podLabels" -}}
{{- $own := include "model-server.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/component" "model-server" -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "ai-compute-center" -}}
{{- $_ := set $own "aicc.io/model" .Values.model.name -}}
{{- with .Values.tenant }}{{ $_ := set $own "aicc.io/tenant" . }}{{ end -}}
{{- merge $own (.Values.labels | default dict) | toYaml }}
{{- end }}

{{- define "model-server.labels" -}}
{{- $own := include "model-server.podLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" (include "model-server.name" .) .Chart.Version) -}}
{{- toYaml $own }}
{{- end }}

{{- define "model-server.metadata" -}}
name: {{ include "model-server.fullname" . }}
namespace: {{ include "model-server.namespace" . }}
labels:
  {{- include "model-server.labels" . | nindent 2 }}
{{- with .Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "model-server.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end }}
