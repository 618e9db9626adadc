{{- /* What the schema cannot say. */ -}}

{{- define "monitoring.checks" -}}
{{- with .Values.meter.image -}}
{{- if and .repository (not .tag) (not .digest) -}}
{{- fail "meter.image: one of tag and digest is needed" -}}
{{- end -}}
{{- end -}}
{{- $names := dict -}}
{{- range .Values.monitors -}}
{{- if hasKey $names .name }}{{ fail (printf "monitors: %s is there twice" .name) }}{{ end -}}
{{- $_ := set $names .name true -}}
{{- if and .secure .portNumber -}}
{{- fail (printf "monitors: %s is read through its Service, whose port has a name" .name) -}}
{{- end -}}
{{- if eq (empty .port) (empty .portNumber) -}}
{{- fail (printf "monitors: %s must have exactly one of port and portNumber" .name) -}}
{{- end -}}
{{- end -}}
{{- end }}
