{{- /* What values must be to each other, which a JSON schema cannot say. Renders nothing, or fails. */ -}}
{{- define "inference-gateway.checks" -}}
{{- if not (or .Values.image.digest .Values.image.tag) -}}
{{- fail (printf "image.tag and image.digest are both empty; one must say which %s to run" .Values.image.repository) -}}
{{- end -}}
{{- range .Values.splitModels -}}
{{- if not (has . $.Values.models) -}}
{{- fail (printf "splitModels names %q, which is not among models; nobody could ask for it" .) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.tls.secretName .Values.tls.issuer.name -}}
{{- fail (printf "tls.secretName is %q and tls.issuer.name is %q; only one of them can say where the certificate is from" .Values.tls.secretName .Values.tls.issuer.name) -}}
{{- end -}}
{{- if and (or .Values.tls.issuer.name .Values.route.gatewayClassName) (not .Values.host) -}}
{{- fail "host is empty; a certificate and a route need the name that clients use" -}}
{{- end -}}
{{- end }}
