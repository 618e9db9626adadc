{{- /* Every name and label of the chart. */ -}}

{{- define "inference-gateway.name" -}}
inference-gateway
{{- end }}

{{- /* The overrides let one Helm process render many releases: as an alias of an umbrella chart, a release has no name
and no namespace of its own. */ -}}
{{- define "inference-gateway.fullname" -}}
{{ .Values.fullnameOverride | default .Release.Name }}
{{- end }}

{{- define "inference-gateway.namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- /* Of objects that belong to no namespace. */ -}}
{{- define "inference-gateway.clusterName" -}}
{{ include "inference-gateway.namespace" . }}-{{ include "inference-gateway.fullname" . }}
{{- end }}

{{- /* Where the certificate is, whoever puts it there. Empty: none. */ -}}
{{- define "inference-gateway.tlsSecret" -}}
{{- if .Values.tls.secretName -}}
{{ .Values.tls.secretName }}
{{- else if .Values.tls.issuer.name -}}
{{ include "inference-gateway.fullname" . }}-tls
{{- end -}}
{{- end }}

{{- /* A Deployment's selector can never change: nothing that a value can alter belongs here. */ -}}
{{- define "inference-gateway.selectorLabels" -}}
app.kubernetes.io/name: {{ include "inference-gateway.name" . }}
app.kubernetes.io/instance: {{ include "inference-gateway.fullname" . | quote }}
{{- end }}

{{- /* The chart's version is left out: a new chart alone must restart no pod. */ -}}
{{- define "inference-gateway.podLabels" -}}
{{- $own := include "inference-gateway.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/component" "gateway" -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "ai-compute-center" -}}
{{- merge $own (.Values.labels | default dict) | toYaml }}
{{- end }}

{{- define "inference-gateway.labels" -}}
{{- $own := include "inference-gateway.podLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" (include "inference-gateway.name" .) .Chart.Version) -}}
{{- toYaml $own }}
{{- end }}

{{- define "inference-gateway.common" -}}
labels:
  {{- include "inference-gateway.labels" . | nindent 2 }}
{{- with .Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "inference-gateway.metadata" -}}
name: {{ include "inference-gateway.fullname" . }}
namespace: {{ include "inference-gateway.namespace" . }}
{{ include "inference-gateway.common" . }}
{{- end }}

{{- define "inference-gateway.clusterMetadata" -}}
name: {{ include "inference-gateway.clusterName" . }}
{{ include "inference-gateway.common" . }}
{{- end }}

{{- define "inference-gateway.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end }}

{{- /* CPU and memory without what is empty; nothing, where all of it is. */ -}}
{{- define "inference-gateway.resources" -}}
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

{{- define "inference-gateway.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}
