{{- /*
How each engine is started: "model-server.<engine>.command", ".args" and ".env".
An argument is one `--flag=value`, so that no value can be read as a further flag.
*/ -}}

{{- define "model-server.vllm.command" -}}
- vllm
- serve
{{- end }}

{{- define "model-server.vllm.args" -}}
- {{ .Values.model.source | quote }}
- {{ printf "--served-model-name=%s" .Values.model.name | quote }}
- --tensor-parallel-size={{ int .Values.tensorParallelSize }}
- --pipeline-parallel-size={{ int .Values.pipelineParallelSize }}
{{- with int .Values.maxModelLen }}
- --max-model-len={{ . }}
{{- end }}
- --host=0.0.0.0
- --port={{ int .Values.service.port }}
{{- end }}

{{- define "model-server.vllm.env" -}}
- name: VLLM_CACHE_ROOT
  value: /cache/vllm
- name: VLLM_NO_USAGE_STATS
  value: "1"
{{- end }}

{{- define "model-server.sglang.command" -}}
- python3
- -m
- sglang.launch_server
{{- end }}

{{- define "model-server.sglang.args" -}}
- {{ printf "--model-path=%s" .Values.model.source | quote }}
- {{ printf "--served-model-name=%s" .Values.model.name | quote }}
- --tp-size={{ int .Values.tensorParallelSize }}
- --pp-size={{ int .Values.pipelineParallelSize }}
{{- with int .Values.maxModelLen }}
- --context-length={{ . }}
{{- end }}
- --host=0.0.0.0
- --port={{ int .Values.service.port }}
- --enable-metrics
{{- end }}

{{- define "model-server.sglang.env" -}}
- name: SGLANG_CACHE_DIR
  value: /cache/sglang
{{- end }}

{{- /* The root file system is read-only: whatever an engine writes goes below /cache or /tmp. */ -}}
{{- define "model-server.env" -}}
- name: HOME
  value: /cache
{{- /* torch asks for the user's name, and fails where the image has no account for the user id. */}}
- name: USER
  value: model-server
- name: XDG_CACHE_HOME
  value: /cache
- name: HF_HOME
  value: /cache/huggingface
- name: TORCHINDUCTOR_CACHE_DIR
  value: /cache/torchinductor
- name: TRITON_CACHE_DIR
  value: /cache/triton
{{ include (printf "model-server.%s.env" .Values.engine) . }}
{{- end }}
