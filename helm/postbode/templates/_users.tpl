{{/* Each service as a Strimzi KafkaUser with the rights that it needs: docs/operations/install.md has them as a table. */}}

{{- define "postbode.user" -}}
{{- $values := .root.Values -}}
apiVersion: {{ $values.strimzi.apiVersion }}
kind: KafkaUser
metadata:
  name: {{ include "postbode.component" . }}
  namespace: {{ include "postbode.strimzi.namespace" .root }}
  labels:
    {{- include "postbode.labels" . | nindent 4 }}
    strimzi.io/cluster: {{ $values.strimzi.cluster }}
spec:
  authentication:
    type: {{ $values.strimzi.users.authentication }}
  authorization:
    type: simple
    acls:
      {{- include "postbode.rights.rules" (dict "prefix" $values.topics.prefix "rights" (index (include "postbode.rights" . | fromYaml) .component)) | trim | nindent 6 }}
{{- end }}

{{/* By service: topics that it writes and reads, by their names' ends (`*` for all that begin so), groups that it is in, groups
     that it looks at, transactional ids. Every service checks topics' settings at its start: ingest and console those that
     they use, the others all. */}}
{{- define "postbode.rights" -}}
ingest:
  write: [events]
  read: [webhooks]
  describe: [events, webhooks]
  groups: {describe: [webhooks.*]}
fanout:
  write: [deliveries, dead-letters.events, webhooks]
  read: [events, webhooks]
  describe: ["*"]
  groups: {read: [fanout], describe: [webhooks.*]}
delivery:
  write: [retry.*, dead-letters.deliveries, attempts, webhooks, events]
  read: [deliveries, webhooks]
  describe: ["*"]
  groups: {read: [delivery], describe: [webhooks.*]}
retry:
  write: [deliveries]
  read: [retry.*]
  describe: ["*"]
  groups: {read: [retry]}
console:
  write: [webhooks, deliveries, dead-letters.dispositions, audit]
  read: [webhooks, events, attempts, dead-letters.*, audit]
  describe: ["*"]
  groups: {read: [console.*], describe: [fanout, delivery, retry, webhooks.*]}
  # The client insists on a group's name where it reads by hand; this one is never joined.
  scan: true
  transactions: [registry]
{{- end }}

{{- define "postbode.rights.rules" -}}
{{- $prefix := .prefix }}
{{- $rights := .rights }}
{{- range $rights.describe }}
{{ include "postbode.rights.rule" (dict "type" "topic" "prefix" $prefix "end" . "operations" (list "Describe" "DescribeConfigs")) }}
{{- end }}
{{- range $rights.read }}
{{ include "postbode.rights.rule" (dict "type" "topic" "prefix" $prefix "end" . "operations" (list "Read")) }}
{{- end }}
{{- range $rights.write }}
{{ include "postbode.rights.rule" (dict "type" "topic" "prefix" $prefix "end" . "operations" (list "Write")) }}
{{- end }}
{{- range $rights.groups.read }}
{{ include "postbode.rights.rule" (dict "type" "group" "prefix" $prefix "end" . "operations" (list "Read" "Describe")) }}
{{- end }}
{{- range $rights.groups.describe }}
{{ include "postbode.rights.rule" (dict "type" "group" "prefix" $prefix "end" . "operations" (list "Describe")) }}
{{- end }}
{{- if $rights.scan }}
{{ include "postbode.rights.rule" (dict "type" "group" "prefix" "" "end" "postbode-scan" "operations" (list "Describe")) }}
{{- end }}
{{- range $rights.transactions }}
{{ include "postbode.rights.rule" (dict "type" "transactionalId" "prefix" $prefix "end" . "operations" (list "Write" "Describe")) }}
{{- end }}
{{- end }}

{{- define "postbode.rights.rule" -}}
- resource:
    type: {{ .type }}
    name: {{ print .prefix (trimSuffix "*" .end) | quote }}
    patternType: {{ hasSuffix "*" .end | ternary "prefix" "literal" }}
  operations: [{{ join ", " .operations }}]
{{- end }}
