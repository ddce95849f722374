{{/* The topics as libs/wire specifies them: `postbode topics check` says where a cluster's differ. */}}

{{/* A list in YAML of: the end of its name, partitions, and settings. */}}
{{- define "postbode.topics" -}}
{{- $day := 86400000 }}
{{- $event := add .Values.topics.eventMaxBytes 65536 }}
{{- $later := add .Values.topics.eventMaxBytes 131072 }}
{{- include "postbode.topics.log" (dict "root" . "name" "events" "retention" (mul 7 $day) "bytes" $event) }}
{{- include "postbode.topics.compacted" "webhooks" }}
{{- include "postbode.topics.log" (dict "root" . "name" "deliveries" "retention" (mul 7 $day) "bytes" $later) }}
{{- range .Values.topics.retryTiers }}
{{- $delay := include "postbode.milliseconds" . | int64 }}
{{- include "postbode.topics.log" (dict "root" $ "name" (print "retry." .) "retention" (add $delay (mul 7 $day)) "bytes" $later) }}
{{- end }}
{{- include "postbode.topics.log" (dict "root" . "name" "dead-letters.events" "retention" (mul 14 $day) "bytes" $later) }}
{{- include "postbode.topics.log" (dict "root" . "name" "dead-letters.deliveries" "retention" (mul 14 $day) "bytes" $later) }}
{{- include "postbode.topics.compacted" "dead-letters.dispositions" }}
{{- include "postbode.topics.log" (dict "root" . "name" "attempts" "retention" (mul 3 $day) "bytes" 1048576 "compression" "zstd") }}
{{- $audit := include "postbode.milliseconds" .Values.topics.auditRetention | int64 }}
{{- include "postbode.topics.log" (dict "root" . "name" "audit" "partitions" 1 "retention" $audit "bytes" 1048576) }}
{{- end }}

{{- define "postbode.topics.log" }}
- name: {{ .name }}
  partitions: {{ .partitions | default .root.Values.topics.partitions }}
  config:
    cleanup.policy: delete
    retention.ms: {{ .retention | toString | quote }}
    max.message.bytes: {{ .bytes | toString | quote }}
    {{- with .compression }}
    compression.type: {{ . }}
    {{- end }}
{{- end }}

{{- define "postbode.topics.compacted" }}
- name: {{ . }}
  partitions: 1
  config:
    cleanup.policy: compact
    max.message.bytes: "1048576"
{{- end }}

{{/* A KafkaTopic. Takes `root`, `component` and `topic`, one of that list. */}}
{{- define "postbode.topic" -}}
{{- $name := print .root.Values.topics.prefix .topic.name -}}
apiVersion: {{ .root.Values.strimzi.apiVersion }}
kind: KafkaTopic
metadata:
  name: {{ $name | lower | replace "_" "-" }}
  namespace: {{ include "postbode.strimzi.namespace" .root }}
  labels:
    {{- include "postbode.labels" . | nindent 4 }}
    strimzi.io/cluster: {{ .root.Values.strimzi.cluster }}
  annotations:
    # Strimzi deletes a topic with its object: what lies in Kafka outlives the release.
    helm.sh/resource-policy: keep
spec:
  topicName: {{ $name }}
  partitions: {{ .topic.partitions }}
  {{- if gt (int .root.Values.topics.replication) 0 }}
  replicas: {{ .root.Values.topics.replication }}
  {{- end }}
  config:
    {{- toYaml .topic.config | nindent 4 }}
    {{- if ge (int .root.Values.topics.replication) 3 }}
    min.insync.replicas: "2"
    {{- end }}
{{- end }}

{{- define "postbode.strimzi.namespace" -}}
{{ .Values.strimzi.namespace | default .Release.Namespace }}
{{- end }}
