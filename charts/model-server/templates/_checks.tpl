{{- /* What values must be to each other, which a JSON schema cannot say. Renders nothing, or fails. */ -}}
{{- define "model-server.checks" -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "model-server.fullname" .)) -}}
{{- fail (printf "the release is named %q, which no Service may be: use a-z, 0-9 and -, starting with a letter" .Release.Name) -}}
{{- end -}}

{{- $min := int .Values.replicas.min -}}
{{- $max := int .Values.replicas.max -}}
{{- if gt $min $max -}}
{{- fail (printf "replicas.min is %d, which is more than replicas.max (%d)" $min $max) -}}
{{- end -}}
{{- if and (eq $min 0) (not .Values.autoscaling.keda.enabled) -}}
{{- fail "replicas.min is 0, but autoscaling.keda.enabled is false; nothing would start the model again" -}}
{{- end -}}

{{- range $index, $schedule := .Values.autoscaling.keda.schedules -}}
{{- if or (le (int $schedule.replicas) $min) (gt (int $schedule.replicas) $max) -}}
{{- fail (printf "autoscaling.keda.schedules[%d].replicas is %d, which is not above replicas.min (%d) and up to replicas.max (%d)" $index (int $schedule.replicas) $min $max) -}}
{{- end -}}
{{- if eq $schedule.start $schedule.end -}}
{{- fail (printf "autoscaling.keda.schedules[%d] starts and ends at %q; KEDA refuses that" $index $schedule.start) -}}
{{- end -}}
{{- end -}}

{{- $tensor := int .Values.tensorParallelSize -}}
{{- $pipeline := int .Values.pipelineParallelSize -}}
{{- $count := int .Values.accelerator.count -}}
{{- $product := mul $tensor $pipeline -}}
{{- $nodes := int .Values.nodesPerReplica -}}
{{- $arithmetic := printf "tensorParallelSize %d × pipelineParallelSize %d = %d" $tensor $pipeline $product -}}
{{- if .Values.accelerator.resource -}}
{{- if ne (int $product) (mul $count $nodes | int) -}}
{{- if gt $nodes 1 -}}
{{- fail (printf "%s accelerators, but accelerator.count %d × nodesPerReplica %d = %d; they must be equal" $arithmetic $count $nodes (mul $count $nodes)) -}}
{{- end -}}
{{- fail (printf "%s accelerators, but accelerator.count is %d; they must be equal" $arithmetic $count) -}}
{{- end -}}
{{- else if gt $count 0 -}}
{{- fail (printf "accelerator.count is %d, but accelerator.resource is empty; name the resource, such as alibabacloud.com/ppu" $count) -}}
{{- else if gt (int $product) 1 -}}
{{- fail (printf "%s accelerators, but accelerator.resource is empty; without accelerators both must be 1" $arithmetic) -}}
{{- end -}}

{{- if not (or .Values.image.digest .Values.image.tag) -}}
{{- fail (printf "image.tag and image.digest are both empty; one must say which %s to run" .Values.image.repository) -}}
{{- end -}}

{{- if gt $nodes 1 -}}
{{- if not .Values.leaderWorkerSet -}}
{{- fail (printf "nodesPerReplica is %d, but leaderWorkerSet is false: only a LeaderWorkerSet starts pods as one replica" $nodes) -}}
{{- end -}}
{{- if eq .Values.engine "llama-cpp" -}}
{{- fail (printf "nodesPerReplica is %d, but engine llama-cpp runs on one node" $nodes) -}}
{{- end -}}
{{- /* A StatefulSet of each group's workers, whose pods are labelled with its name and a hash of 10 characters: 63 in all. */ -}}
{{- range $role := include "model-server.roles" . | fromJsonArray -}}
{{- $group := dict "Values" $.Values "Release" $.Release "role" $role "rank" "worker" -}}
{{- $workers := printf "%s-%d" (include "model-server.workload" $group) (max $max (include "model-server.replicas" $group | int)) -}}
{{- if gt (len $workers) 52 -}}
{{- fail (printf "the release is named %q, so that a group's workers would be %s: %d characters, and a StatefulSet has at most 52" (include "model-server.fullname" $) $workers (len $workers)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- if .Values.disaggregation.enabled -}}
{{- if ne .Values.engine "sglang" -}}
{{- fail (printf "disaggregation.enabled, but engine is %s: SMG splits prefill from decode over HTTP for sglang alone" .Values.engine) -}}
{{- end -}}
{{- if lt $min $max -}}
{{- fail (printf "disaggregation.enabled, but replicas.min %d < replicas.max %d: each role has its own fixed number, disaggregation.replicas" $min $max) -}}
{{- end -}}
{{- if .Values.embeddings -}}
{{- fail "disaggregation.enabled, but embeddings are made in one go: there is no decoding to split off" -}}
{{- end -}}
{{- end -}}

{{- if and .Values.weights.claim .Values.weights.image -}}
{{- fail (printf "weights.claim is %q and weights.image %q: both would be mounted at /models" .Values.weights.claim .Values.weights.image) -}}
{{- end -}}
{{- if and .Values.weights.image (not (hasPrefix "/models/" (printf "%s/" .Values.model.source))) -}}
{{- fail (printf "model.source is %q, but weights.image is mounted at /models; name that, or a path below it" .Values.model.source) -}}
{{- end -}}
{{- if and .Values.weights.claim (not (hasPrefix "/models/" .Values.model.source)) -}}
{{- fail (printf "model.source is %q, but weights.claim is mounted at /models; name a path below it, such as /models/qwen3" .Values.model.source) -}}
{{- end -}}
{{- if eq .Values.engine "llama-cpp" -}}
{{- if .Values.accelerator.resource -}}
{{- fail (printf "engine llama-cpp runs on CPUs, but accelerator.resource is %q; leave it empty" .Values.accelerator.resource) -}}
{{- end -}}
{{- if not (hasPrefix "/" .Values.model.source) -}}
{{- fail (printf "model.source is %q, but engine llama-cpp reads a file: name its path, such as /models/smollm2/model.gguf" .Values.model.source) -}}
{{- end -}}
{{- end -}}

{{- $drain := int .Values.drainSeconds -}}
{{- $grace := int .Values.terminationGracePeriodSeconds -}}
{{- if ge $drain $grace -}}
{{- fail (printf "drainSeconds is %d, which leaves the engine no time to stop within terminationGracePeriodSeconds (%d)" $drain $grace) -}}
{{- end -}}
{{- end }}
