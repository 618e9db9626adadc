{{- /* Every name and label of the chart. */ -}}

{{- define "monitoring.name" -}}
monitoring
{{- end }}

{{- /* The overrides let one Helm process render many releases: as an alias of an umbrella chart, a release has no name
and no namespace of its own. */ -}}
{{- define "monitoring.fullname" -}}
{{ .Values.fullnameOverride | default .Release.Name }}
{{- end }}

{{- define "monitoring.namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "monitoring.meter" -}}
{{ include "monitoring.fullname" . }}-meter
{{- end }}

{{- /* Of objects that belong to no namespace. */ -}}
{{- define "monitoring.clusterName" -}}
{{ include "monitoring.namespace" . }}-{{ include "monitoring.meter" . }}
{{- end }}

{{- /* Without an image there is nothing to run, and the plan has said so. */ -}}
{{- define "monitoring.hasMeter" -}}
{{- if and .Values.meter.image.repository .Values.meter.config }}true{{ end -}}
{{- end }}

{{- define "monitoring.meterSelector" -}}
app.kubernetes.io/name: {{ include "monitoring.name" . }}
app.kubernetes.io/instance: {{ include "monitoring.fullname" . | quote }}
app.kubernetes.io/component: meter
{{- end }}

{{- define "monitoring.labels" -}}
{{- $own := dict "app.kubernetes.io/name" (include "monitoring.name" .) -}}
{{- $_ := set $own "app.kubernetes.io/instance" (include "monitoring.fullname" .) -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "ai-compute-center" -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" (include "monitoring.name" .) .Chart.Version) -}}
{{- merge $own (.Values.labels | default dict) | toYaml }}
{{- end }}

{{- define "monitoring.common" -}}
labels:
  {{- include "monitoring.labels" . | nindent 2 }}
{{- with .Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "monitoring.meterMetadata" -}}
name: {{ include "monitoring.meter" . }}
namespace: {{ include "monitoring.namespace" . }}
{{ include "monitoring.common" . }}
{{- end }}

{{- define "monitoring.image" -}}
{{- with .Values.meter.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end -}}
{{- end }}

{{- define "monitoring.meterConfig" -}}
{{ toYaml .Values.meter.config }}
{{- end }}

{{- /* CPU and memory without what is empty; nothing, where all of it is. */ -}}
{{- define "monitoring.resources" -}}
{{- $kept := dict -}}
{{- range $group := list "requests" "limits" -}}
{{- $some := dict -}}
{{- range $name := list "cpu" "memory" -}}
{{- with get (get $ $group | default dict) $name }}{{ $_ := set $some $name . }}{{ end -}}
{{- end -}}
{{- if $some }}{{ $_ := set $kept $group $some }}{{ end -}}
{{- end -}}
{{- toYaml $kept }}
{{- end }}

{{- /* A value of one of ours is told by its own labels: those of the pod that exports it would only hide or split it. */ -}}
{{- define "monitoring.ownLabels" -}}
- action: labeldrop
  regex: pod|container|namespace|endpoint
{{- end }}
