{{- /* Every name and label of the chart. */ -}}

{{- define "object-store.name" -}}
object-store
{{- end }}

{{- /* The overrides let one Helm process render many releases: as an alias of an umbrella chart, a release has no name
and no namespace of its own. */ -}}
{{- define "object-store.fullname" -}}
{{ .Values.fullnameOverride | default .Release.Name }}
{{- end }}

{{- define "object-store.namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "object-store.selectorLabels" -}}
app.kubernetes.io/name: {{ include "object-store.name" . }}
app.kubernetes.io/instance: {{ include "object-store.fullname" . | quote }}
{{- end }}

{{- define "object-store.labels" -}}
{{ include "object-store.selectorLabels" . }}
app.kubernetes.io/component: object-store
app.kubernetes.io/part-of: ai-compute-center
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ include "object-store.name" . }}-{{ .Chart.Version }}
{{- end }}

{{- define "object-store.metadata" -}}
name: {{ include "object-store.fullname" . }}
namespace: {{ include "object-store.namespace" . }}
labels:
  {{- include "object-store.labels" . | nindent 2 }}
{{- end }}
