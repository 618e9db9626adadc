{{- /* A router's container, by whether it serves the split models: `split`. */ -}}
{{- define "inference-gateway.router" -}}
{{- $metrics := ternary "split-metrics" "router-metrics" .split -}}
- name: {{ ternary "split-router" "router" .split }}
  image: {{ include "inference-gateway.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  restartPolicy: Always
  command: [python3, -m, smg.launch_router]
  args:
    {{- include "inference-gateway.routerArgs" . | nindent 4 }}
  env:
    {{- /* An engine whose machine vanished is given up after three seconds instead of thirty. */}}
    - name: LD_PRELOAD
      value: /opt/router/patience.so
  ports:
    - name: {{ $metrics }}
      containerPort: {{ include "inference-gateway.routerMetricsPort" . }}
      protocol: TCP
  {{- with include "inference-gateway.resources" .Values.routerResources | fromYaml }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- /* It listens on loopback, where only a command in the container reaches it; the gate's readiness asks it. */}}
  startupProbe:
    httpGet:
      path: /metrics
      port: {{ $metrics }}
    periodSeconds: 1
    timeoutSeconds: 5
    failureThreshold: 60
  livenessProbe:
    httpGet:
      path: /metrics
      port: {{ $metrics }}
    periodSeconds: 20
    timeoutSeconds: 10
    failureThreshold: 3
  securityContext:
    {{- include "inference-gateway.securityContext" . | nindent 4 }}
  volumeMounts:
    - name: config
      mountPath: /etc/gateway/config
      readOnly: true
    - name: token
      mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      readOnly: true
    - name: tmp
      mountPath: /tmp
{{- end }}
