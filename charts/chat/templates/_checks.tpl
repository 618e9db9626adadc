{{- /* What values must be to each other, which a JSON schema cannot say. Renders nothing, or fails. */ -}}
{{- define "chat.checks" -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "chat.fullname" .)) -}}
{{- fail (printf "the release is named %q, which no Service may be: use a-z, 0-9 and -, starting with a letter" .Release.Name) -}}
{{- end -}}

{{- if not (or .Values.image.digest .Values.image.tag) -}}
{{- fail (printf "image.tag and image.digest are both empty; one must say which %s to run" .Values.image.repository) -}}
{{- end -}}

{{- if .Values.login.secret -}}
{{- range $field := list "authorizeUrl" "tokenUrl" "userinfoUrl" "group" -}}
{{- if not (get $.Values.login $field) -}}
{{- fail (printf "login.%s is empty; with login.secret (%s) it must say who comes in" $field $.Values.login.secret) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.route.host -}}
{{- fail (printf "route.host is empty; the identity provider must know where to send people back to (login.secret is %s)" .Values.login.secret) -}}
{{- end -}}
{{- else if .Values.route.host -}}
{{- fail (printf "route.host is %s, but login.secret is empty: whoever reaches it would use the tenant's key" .Values.route.host) -}}
{{- end -}}
{{- end }}
