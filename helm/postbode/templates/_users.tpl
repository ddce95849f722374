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
      {{- include "postbode.rights.rules" (dict "prefix" $values.topics.prefix "rights" (index (.root.Files.Get "files/rights.json" | fromJson) .component)) | trim | nindent 6 }}
{{- end }}

{{/* files/rights.json has, by service: topics that it writes, reads and looks at, by their names' ends (`*` for all that begin
     so; every service checks topics' settings at its start, ingest those that it uses, the others all), groups that it is in,
     groups that it looks at, groups without the prefix that the client insists on and never joins, and transactional ids. */}}
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
{{- range $rights.strangers }}
{{ include "postbode.rights.rule" (dict "type" "group" "prefix" "" "end" . "operations" (list "Describe")) }}
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
