{{- /* A markdown message of DingTalk's robots, which Alertmanager fills in: the inner {{ }} are its own.
https://open.dingtalk.com/document/orgapp/custom-bot-send-message-type */ -}}
{{- define "monitoring.dingtalk" -}}
{{ `{{ $title := printf "%s: %s" (.Status | toUpper) .CommonLabels.alertname }}` -}}
{{ `{{ $text := printf "### %s" $title }}` -}}
{{ `{{ range .Alerts }}` -}}
{{ `{{ $text = printf "%s\n\n- **%s** %s" $text .Labels.severity .Annotations.summary }}` -}}
{{ `{{ with .Annotations.runbook_url }}{{ $text = printf "%s [runbook](%s)" $text . }}{{ end }}` -}}
{{ `{{ end }}` -}}
{{ `{"msgtype":"markdown","markdown":{"title":{{ $title | toJson }},"text":{{ $text | toJson }}}}` -}}
{{- end }}
