{{/* A pod's secrets as files, named as the settings that they are: a service takes a changed file without ending, and a variable
     only at its start. Templates take `root` and `component`, which may be the hooks' `topics` and `test`, too. */}}

{{/* A list in YAML: `setting`, and the `secret` and its `key` that have it. */}}
{{- define "postbode.secrets" -}}
{{- if eq .component "test" }}
{{ include "postbode.secret" (dict "setting" "client.key" "from" .root.Values.console.operatorKey) }}
{{- else }}
{{ include "postbode.kafka.secrets" . }}
{{- end }}
{{- $console := .root.Values.console }}
{{- if has .component (list "delivery" "console") }}
{{ include "postbode.secret" (dict "setting" "seal.keys" "from" .root.Values.seal) }}
{{ include "postbode.secret" (dict "setting" "outbound.proxy" "from" .root.Values.outbound.proxy) }}
{{- end }}
{{- if eq .component "console" }}
{{ include "postbode.secret" (dict "setting" "console.operator_key" "from" $console.operatorKey) }}
{{ include "postbode.secret" (dict "setting" "history.url" "from" $console.database) }}
{{ include "postbode.secret" (dict "setting" "notices.smtp_url" "from" $console.mail) }}
{{- end }}
{{- end }}

{{/* One of that list, if there is a Secret. */}}
{{- define "postbode.secret" -}}
{{- if .from.existingSecret }}
- setting: {{ .setting }}
  secret: {{ .from.existingSecret }}
  key: {{ .from.key | quote }}
{{- end }}
{{- end }}

{{/* The projected files, as a list of sources in YAML; empty if there are none. */}}
{{- define "postbode.secrets.files" -}}
{{- range include "postbode.secrets" . | fromYamlArray }}
- secret:
    name: {{ .secret }}
    items:
      - {key: {{ .key | quote }}, path: {{ .setting }}}
{{- end }}
{{- end }}

{{/* Where they are, and the other directories that settings name: what changes in any of them is taken by a service, which goes on
     while a hook ends. Takes `mounts`, too. */}}
{{- define "postbode.environment.files" -}}
{{- if include "postbode.secrets.files" . }}
- name: POSTBODE_SECRETS
  value: /etc/postbode/secrets
{{- end }}
{{- $watched := list }}
{{- if and (ne .component "topics") (include "postbode.kafka.files" .) }}{{ $watched = append $watched "/etc/postbode/kafka" }}{{ end }}
{{- range .mounts }}
{{- if hasPrefix "/etc/postbode/" .mountPath }}{{ $watched = append $watched .mountPath }}{{ end }}
{{- end }}
{{- with $watched }}
- name: POSTBODE__RELOAD__WATCH
  value: {{ join "," . | quote }}
{{- end }}
{{- end }}
