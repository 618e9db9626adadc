{{- /* What the two programs read: the gate's JSON and the router's priorities. */ -}}

{{- define "inference-gateway.gateConfig" -}}
{{- $split := ternary (dict "splitModels" .Values.splitModels) dict (not (empty .Values.splitModels)) -}}
{{- dict
  "center" .Values.center
  "models" .Values.models
  "tenants" .Values.tenants
  "replicas" (int .Values.replicas)
  "maxBodyBytes" (int64 .Values.maxBodyBytes)
  "holdSeconds" .Values.hold.seconds
  "holdModels" .Values.hold.models
  "holdQueue" (int .Values.hold.queue)
| merge $split | toPrettyJson }}
{{- end }}

{{- /* Nothing is reserved for a class: a share is rounded up, which on a small fleet would leave the lowest class none.
Order in the queue and preemption before the first byte are what a class gives. */ -}}
{{- define "inference-gateway.priorities" -}}
classes:
{{- range $class, $preempts := dict "system" true "interactive" true "default" false "bulk" false }}
  {{ $class }}:
    reserved_floor: 0
    reserved_per_slot: 0.0
    queue_size: {{ int $.Values.router.queueSize }}
    queue_timeout_secs: {{ int $.Values.router.queueTimeoutSeconds }}
    starvation_threshold_secs: {{ max 1 (div (int $.Values.router.queueTimeoutSeconds) 2) }}
    can_preempt: {{ $preempts }}
{{- end }}
{{- end }}

{{- define "inference-gateway.gateArgs" -}}
- --listen=0.0.0.0:8080
{{- if include "inference-gateway.tlsSecret" . }}
- --listen-tls=0.0.0.0:8443
- --tls=/etc/gateway/tls
{{- end }}
- --admin=0.0.0.0:9090
- --upstream=http://127.0.0.1:8081
{{- if .Values.splitModels }}
- --split-upstream=http://127.0.0.1:8082
{{- end }}
- --config=/etc/gateway/config/gate.json
- --keys=/etc/gateway/keys
- --drain={{ int .Values.drainSeconds }}s
- --grace={{ int .Values.graceSeconds }}s
{{- with .Values.spansEndpoint }}
- --spans={{ . }}
{{- end }}
{{- end }}

{{- /* A router's ports, by whether it serves the split models. */ -}}
{{- define "inference-gateway.routerPort" -}}
{{ ternary 8082 8081 .split }}
{{- end }}

{{- define "inference-gateway.routerMetricsPort" -}}
{{ ternary 9092 9091 .split }}
{{- end }}

{{- /*
The pods that a router takes for servers. One that serves split models takes nothing but their halves, as SMG refuses to mix
them with whole servers. The label that both selectors share is what the API server is asked for: else it would send every pod.
*/ -}}
{{- define "inference-gateway.routerSelectors" -}}
{{- $component := .Values.discovery.component -}}
{{- if .split -}}
- --pd-disaggregation
{{- /* A prompt's prefix is kept where it was read; who writes the answer has only to have time. */}}
- --decode-policy=power_of_two
{{- range $half := list "prefill" "decode" }}
- --{{ $half }}-selector
- app.kubernetes.io/name={{ $component }}
- app.kubernetes.io/component={{ $component }}-{{ $half }}
{{- end }}
{{- else -}}
- --selector=app.kubernetes.io/component={{ $component }}
{{- end }}
{{- end }}

{{- /* It listens on the pod's loopback only: whoever reaches it may add workers and needs no key. */ -}}
{{- define "inference-gateway.routerArgs" -}}
- --host=127.0.0.1
- --port={{ include "inference-gateway.routerPort" . }}
- --prometheus-host=0.0.0.0
- --prometheus-port={{ include "inference-gateway.routerMetricsPort" . }}
- --enable-igw
- --service-discovery
{{ include "inference-gateway.routerSelectors" . }}
- --service-discovery-port={{ int .Values.discovery.port }}
- --model-id-from=label:aicc.io/model
- --policy=cache_aware
- --disable-tokenizer-autoload
- --worker-startup-check-interval=1
- --health-check-interval-secs={{ int .Values.router.healthCheckSeconds }}
- --health-check-timeout-secs=5
- --health-failure-threshold=2
- --health-success-threshold=1
- --cb-failure-threshold=5
- --cb-success-threshold=1
- --cb-timeout-duration-secs=5
- --retry-max-retries=3
- --max-payload-size={{ int64 (add .Values.maxBodyBytes 65536) }}
- --max-concurrent-requests={{ int .Values.router.maxConcurrentRequests }}
- --priority-scheduler-enabled
- --priority-scheduler-default-max-class=system
- --priority-scheduler-config=/etc/gateway/config/priorities.yaml
- --shutdown-grace-period-secs={{ int .Values.graceSeconds }}
{{- /* It makes spans of what it would log: none at the level of warnings. */}}
- --log-level={{ ternary "info" "warn" (ne .Values.router.tracesEndpoint "") }}
- --log-json
{{- with .Values.router.tracesEndpoint }}
- --enable-trace
- --otlp-traces-endpoint={{ . }}
{{- end }}
{{- end }}
