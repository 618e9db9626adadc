{{- /*
How each engine is started: "model-server.<engine>.command", ".args" and ".env"; ".group" where its pods are several, with
the variables that LeaderWorkerSet gives them; ".role" where prefill and decode are apart.
An argument is one `--flag=value`, so that no value can be read as a further flag. llama.cpp knows no such arguments: what it
is told, it is told by its environment.
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
{{- with int .Values.maxConcurrentRequests }}
- --max-num-seqs={{ . }}
{{- end }}
{{- if .Values.embeddings }}
- --runner=pooling
{{- end }}
{{- /* Should requests be logged: no character of them, in any release; until 0.10 they were logged by default. */}}
- --max-log-len=0
{{- /* Without it a replica that stops leaves its streams without an end; older ones would not start with it. */}}
{{- if and .Values.engineVersion (semverCompare ">=0.18.0" .Values.engineVersion) }}
- --shutdown-timeout={{ max 1 (sub (int .Values.terminationGracePeriodSeconds) (add (int .Values.drainSeconds) 5)) }}
{{- end }}
{{- /* How much of a prompt was in its cache: the gateway counts that by tenant. */}}
- --enable-prompt-tokens-details
- --host=0.0.0.0
- --port={{ int .Values.service.port }}
{{- end }}

{{- define "model-server.vllm.group" -}}
- --nnodes={{ int .Values.nodesPerReplica }}
- --node-rank=$(LWS_WORKER_INDEX)
- --master-addr=$(LWS_LEADER_ADDRESS)
{{- if eq .rank "worker" }}
- --headless
{{- end }}
{{- end }}

{{- define "model-server.vllm.env" -}}
{{ include "model-server.torch" . }}
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
{{- with int .Values.maxConcurrentRequests }}
- --max-running-requests={{ . }}
{{- end }}
{{- if .Values.embeddings }}
- --is-embedding
{{- end }}
- --host=0.0.0.0
- --port={{ int .Values.service.port }}
- --enable-metrics
{{- /* Should requests be logged (--log-requests, or its API): what they were, not what they said. */}}
- --log-requests-level=0
{{- /* How much of a prompt was in its cache: the gateway counts that by tenant. */}}
- --enable-cache-report
{{- end }}

{{- define "model-server.sglang.group" -}}
- --nnodes={{ int .Values.nodesPerReplica }}
- --node-rank=$(LWS_WORKER_INDEX)
- --dist-init-addr=$(LWS_LEADER_ADDRESS):20000
{{- end }}

{{- define "model-server.sglang.role" -}}
- --disaggregation-mode={{ .role }}
- --disaggregation-transfer-backend={{ .Values.disaggregation.transferBackend }}
{{- if eq .role "prefill" }}
- --disaggregation-bootstrap-port={{ int .Values.disaggregation.bootstrapPort }}
{{- end }}
{{- with .Values.disaggregation.rdma.devices }}
- --disaggregation-ib-device={{ join "," . }}
{{- end }}
{{- end }}

{{- define "model-server.sglang.env" -}}
{{ include "model-server.torch" . }}
- name: SGLANG_CACHE_DIR
  value: /cache/sglang
{{- end }}

{{- define "model-server.llama-cpp.command" -}}
- /llama-server
{{- end }}

{{- define "model-server.llama-cpp.args" -}}
{{- end }}

{{- define "model-server.llama-cpp.env" -}}
- name: LLAMA_ARG_MODEL
  value: {{ .Values.model.source | quote }}
- name: LLAMA_ARG_ALIAS
  value: {{ .Values.model.name | quote }}
- name: LLAMA_ARG_HOST
  value: "0.0.0.0"
- name: LLAMA_ARG_PORT
  value: {{ int .Values.service.port | quote }}
{{- with include "model-server.threads" . }}
- name: LLAMA_ARG_THREADS
  value: {{ . | quote }}
{{- end }}
{{- with int .Values.maxConcurrentRequests }}
- name: LLAMA_ARG_N_PARALLEL
  value: {{ . | quote }}
{{- end }}
{{- with int .Values.maxModelLen }}
- name: LLAMA_ARG_KV_UNIFIED_PER_SLOT
  value: {{ . | quote }}
{{- end }}
{{- if .Values.embeddings }}
- name: LLAMA_ARG_EMBEDDINGS
  value: "1"
{{- /* An input has to fit one batch: it cannot be read in parts. */}}
{{- with int .Values.maxModelLen }}
- name: LLAMA_ARG_BATCH
  value: {{ . | quote }}
- name: LLAMA_ARG_UBATCH
  value: {{ . | quote }}
{{- end }}
{{- end }}
- name: LLAMA_ARG_ENDPOINT_METRICS
  value: "1"
- name: LLAMA_ARG_UI
  value: "0"
{{- /* Information; requests are written from 5 on, debugging. */}}
- name: LLAMA_ARG_LOG_VERBOSITY
  value: "3"
- name: LLAMA_ARG_OFFLINE
  value: "1"
{{- /* Prompts kept in memory, up to 8 GiB of them by default: more than the limit of most replicas. */}}
- name: LLAMA_ARG_CACHE_RAM
  value: "0"
{{- end }}

{{- /* One thread for each core that is asked for, rounded up; the engine's own choice where none is: the node's cores. */ -}}
{{- define "model-server.threads" -}}
{{- with (.Values.resources.requests | default dict).cpu -}}
{{- if hasSuffix "m" . -}}
{{ max 1 (int (ceil (divf (trimSuffix "m" .) 1000))) }}
{{- else -}}
{{ max 1 (int (ceil (float64 .))) }}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* Where PyTorch and what is built on it write. */ -}}
{{- define "model-server.torch" -}}
{{- /* torch asks for the user's name, and fails where the image has no account for the user id. */ -}}
- name: USER
  value: model-server
- name: HF_HOME
  value: /cache/huggingface
- name: TORCHINDUCTOR_CACHE_DIR
  value: /cache/torchinductor
- name: TRITON_CACHE_DIR
  value: /cache/triton
{{- end }}

{{- define "model-server.args" -}}
{{ include (printf "model-server.%s.args" .Values.engine) . }}
{{- if include "model-server.spansNodes" . }}
{{ include (printf "model-server.%s.group" .Values.engine) . }}
{{- end }}
{{- if .role }}
{{ include (printf "model-server.%s.role" .Values.engine) . }}
{{- end }}
{{- end }}

{{- /* How often a replica that starts is asked whether it is ready, in seconds. Each answer of SGLang costs it a token. */ -}}
{{- define "model-server.startupPeriod" -}}
{{ ternary 1 10 (eq .Values.engine "llama-cpp") }}
{{- end }}

{{- /* The root file system is read-only: whatever an engine writes goes below /cache or /tmp. */ -}}
{{- define "model-server.env" -}}
- name: HOME
  value: /cache
- name: XDG_CACHE_HOME
  value: /cache
{{ include (printf "model-server.%s.env" .Values.engine) . }}
{{- end }}
