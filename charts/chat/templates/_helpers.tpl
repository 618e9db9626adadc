{{- /* Every name and label of the chart. */ -}}

{{- define "chat.name" -}}
chat
{{- end }}

{{- /* The overrides let one Helm process render many releases: as an alias of an umbrella chart, a release has no name
and no namespace of its own. */ -}}
{{- define "chat.fullname" -}}
{{ .Values.fullnameOverride | default .Release.Name }}
{{- end }}

{{- define "chat.namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "chat.portName" -}}
http
{{- end }}

{{- /* A Deployment's selector can never change: nothing that a value can alter belongs here. */ -}}
{{- define "chat.selectorLabels" -}}
app.kubernetes.io/name: {{ include "chat.name" . }}
app.kubernetes.io/instance: {{ include "chat.fullname" . | quote }}
{{- end }}

{{- /* The chart's version is left out: a new chart alone must restart no pod. */ -}}
{{- define "chat.podLabels" -}}
{{- $own := include "chat.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/component" "chat" -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "ai-compute-center" -}}
{{- with .Values.tenant }}{{ $_ := set $own "aicc.io/tenant" . }}{{ end -}}
{{- merge $own (.Values.labels | default dict) | toYaml }}
{{- end }}

{{- define "chat.labels" -}}
{{- $own := include "chat.podLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" (include "chat.name" .) .Chart.Version) -}}
{{- toYaml $own }}
{{- end }}

{{- define "chat.metadata" -}}
name: {{ include "chat.fullname" . }}
namespace: {{ include "chat.namespace" . }}
labels:
  {{- include "chat.labels" . | nindent 2 }}
{{- with .Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "chat.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end }}
