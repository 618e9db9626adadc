{{- /* The pod of a workload, by its role and rank. */ -}}
{{- define "model-server.pod" -}}
{{- $answers := ne (.rank | default "leader") "worker" -}}
{{- $requests := dict -}}
{{- $limits := dict -}}
{{- range $name := list "cpu" "memory" -}}
{{- with get ($.Values.resources.requests | default dict) $name }}{{ $_ := set $requests $name . }}{{ end -}}
{{- with get ($.Values.resources.limits | default dict) $name }}{{ $_ := set $limits $name . }}{{ end -}}
{{- end -}}
{{- with .Values.accelerator.resource -}}
{{- /* Text, as the API server keeps quantities: a number would come back changed. */ -}}
{{- $_ := set $requests . (toString $.Values.accelerator.count) -}}
{{- $_ := set $limits . (toString $.Values.accelerator.count) -}}
{{- end -}}
{{- with ternary .Values.disaggregation.rdma.resource "" .Values.disaggregation.enabled -}}
{{- $_ := set $requests . (toString $.Values.disaggregation.rdma.count) -}}
{{- $_ := set $limits . (toString $.Values.disaggregation.rdma.count) -}}
{{- end -}}
metadata:
  labels:
    {{- include "model-server.podLabels" . | nindent 4 }}
  {{- with include "model-server.podAnnotations" . }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "model-server.fullname" . }}
  automountServiceAccountToken: false
  {{- /* Service variables such as VLLM_PORT would be read by the engine as its own settings. */}}
  enableServiceLinks: false
  {{- with .Values.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ int .Values.terminationGracePeriodSeconds }}
  securityContext:
    runAsNonRoot: true
    runAsUser: {{ int .Values.runAsUser }}
    runAsGroup: {{ int .Values.runAsUser }}
    seccompProfile:
      type: RuntimeDefault
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  affinity:
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- include "model-server.selectorLabels" . | nindent 16 }}
  {{- /* Groups stay near: their members exchange tensors. */}}
  {{- if not (include "model-server.spansNodes" .) }}
  {{- with .Values.spread }}
  topologySpreadConstraints:
    {{- range . }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "model-server.selectorLabels" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- end }}
  containers:
    - name: {{ include "model-server.container" . }}
      image: {{ include "model-server.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command:
        {{- include (printf "model-server.%s.command" .Values.engine) . | nindent 8 }}
      {{- $args := include "model-server.args" . | trim }}
      {{- if or $args .Values.extraArgs }}
      args:
        {{- with $args }}{{ . | nindent 8 }}{{ end }}
        {{- range .Values.extraArgs }}
        - {{ . | quote }}
        {{- end }}
      {{- end }}
      env:
        {{- include "model-server.env" . | nindent 8 }}
      {{- if $answers }}
      ports:
        - name: {{ include "model-server.portName" . }}
          containerPort: {{ int .Values.service.port }}
          protocol: TCP
      {{- end }}
      {{- with $requests }}
      resources:
        requests:
          {{- toYaml . | nindent 10 }}
        {{- with $limits }}
        limits:
          {{- toYaml . | nindent 10 }}
        {{- end }}
      {{- end }}
      {{- if $answers }}
      {{- /* SGLang's /health generates a token: it takes at least 1 s, and the engine gives up on it after 20 s. */}}
      startupProbe:
        httpGet:
          path: /health
          port: {{ include "model-server.portName" . }}
        periodSeconds: {{ include "model-server.startupPeriod" . }}
        timeoutSeconds: 10
        failureThreshold: {{ int (ceil (divf .Values.probes.startupSeconds (include "model-server.startupPeriod" .))) }}
      readinessProbe:
        httpGet:
          path: /health
          port: {{ include "model-server.portName" . }}
        periodSeconds: 10
        timeoutSeconds: 10
        failureThreshold: 3
      livenessProbe:
        httpGet:
          path: /health
          port: {{ include "model-server.portName" . }}
        periodSeconds: 30
        timeoutSeconds: 30
        failureThreshold: 3
      {{- end }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ int .Values.drainSeconds }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop:
            - ALL
      volumeMounts:
        - name: cache
          mountPath: /cache
        - name: tmp
          mountPath: /tmp
        {{- if .Values.sharedMemory }}
        - name: shared-memory
          mountPath: /dev/shm
        {{- end }}
        {{- if or .Values.weights.claim .Values.weights.image }}
        - name: weights
          mountPath: /models
          readOnly: true
        {{- end }}
  volumes:
    - name: cache
      emptyDir: {}
    - name: tmp
      emptyDir: {}
    {{- with .Values.sharedMemory }}
    - name: shared-memory
      emptyDir:
        medium: Memory
        sizeLimit: {{ . }}
    {{- end }}
    {{- with .Values.weights.claim }}
    - name: weights
      persistentVolumeClaim:
        claimName: {{ . }}
        readOnly: true
    {{- end }}
    {{- with .Values.weights.image }}
    - name: weights
      image:
        reference: {{ . }}
        pullPolicy: IfNotPresent
    {{- end }}
{{- end }}
