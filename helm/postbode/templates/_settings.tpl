{{/* A service's configuration, all but its secrets as environment variables. docs/configuration.md has every key. */}}

{{/* The variables of a service, each name once and in order; `extraEnv` wins. Takes `root` and `component`. */}}
{{- define "postbode.environment" -}}
{{- $values := include "postbode.values" . | fromYaml }}
{{- $variables := concat
  (include "postbode.environment.common" . | fromYamlArray)
  (include (printf "postbode.environment.%s" .component) .root | fromYamlArray)
  (include "postbode.environment.files" . | fromYamlArray)
  $values.extraEnv }}
{{- include "postbode.environment.unique" $variables }}
{{- end }}

{{- define "postbode.environment.unique" -}}
{{- $byName := dict }}
{{- range . }}{{ $_ := set $byName .name . }}{{ end }}
{{- range $name := keys $byName | sortAlpha }}
- {{ index $byName $name | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}

{{/* What every service has. */}}
{{- define "postbode.environment.common" -}}
{{ include "postbode.environment.kafka" . }}
{{ include "postbode.environment.topics" .root }}
{{- with .root.Values.log }}
{{ include "postbode.environment.section" (dict "section" "log" "settings" (dict "format" .format "filter" .filter)) }}
{{- end }}
{{- with .root.Values.trace }}
{{- if .endpoint }}
{{ include "postbode.environment.section" (dict "section" "trace" "settings" (dict "endpoint" .endpoint "sample_ratio" .sampleRatio)) }}
{{- end }}
{{- end }}
- name: POSTBODE__SHUTDOWN__DRAIN
  value: {{ include "postbode.drain" . }}s
{{- end }}

{{- define "postbode.environment.ingest" -}}
{{ include "postbode.environment.section" (dict "section" "ingest" "settings" .Values.ingest.settings) }}
{{- end }}

{{- define "postbode.environment.fanout" -}}
{{- end }}

{{- define "postbode.environment.delivery" -}}
{{ include "postbode.environment.section" (dict "section" "delivery" "settings" .Values.delivery.settings) }}
{{ include "postbode.environment.strangers" . }}
{{- end }}

{{- define "postbode.environment.retry" -}}
{{ include "postbode.environment.section" (dict "section" "retry" "settings" .Values.retry.settings) }}
{{- end }}

{{- define "postbode.environment.console" -}}
{{- $console := .Values.console }}
{{ include "postbode.environment.section" (dict "section" "console" "settings" $console.settings) }}
{{ include "postbode.environment.section" (dict "section" "history" "settings" $console.history.settings) }}
{{ include "postbode.environment.strangers" . }}
{{- if not $console.database.existingSecret }}
- name: POSTBODE__HISTORY__URL
  value: sqlite:/var/lib/postbode/history.db
{{- end }}
{{- with $console.mail }}
{{- if .existingSecret }}
- name: POSTBODE__NOTICES__FROM
  value: {{ .from | quote }}
{{- with .after }}
- name: POSTBODE__NOTICES__AFTER
  value: {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What delivery and console share: how strangers are called. */}}
{{- define "postbode.environment.strangers" -}}
{{ include "postbode.environment.section" (dict "section" "outbound" "settings" .Values.outbound.settings) }}
{{- if .Values.outbound.ca.existingSecret }}
- name: POSTBODE__OUTBOUND__CA_FILE
  value: /etc/postbode/outbound/ca.crt
{{- end }}
{{- with .Values.signing }}
{{- if .existingSecret }}
- name: POSTBODE__SIGNING__DIRECTORY
  value: /etc/postbode/signing
{{- end }}
{{- with .idHeader }}
- name: POSTBODE__SIGNING__ID_HEADER
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "postbode.environment.topics" -}}
{{- with .Values.topics }}
{{- include "postbode.environment.section" (dict "section" "topics" "settings" (dict
  "prefix" .prefix
  "retry_tiers" .retryTiers
  "event_max_bytes" .eventMaxBytes
  "partitions" .partitions
  "replication" .replication
  "audit_retention" .auditRetention)) }}
{{- end }}
{{- end }}

{{/* Variables for the keys of a section. */}}
{{- define "postbode.environment.section" -}}
{{- $section := .section | upper }}
{{- range $key, $value := .settings }}
- name: POSTBODE__{{ $section }}__{{ $key | upper }}
  value: {{ include "postbode.text" $value | quote }}
{{- end }}
{{- end }}
