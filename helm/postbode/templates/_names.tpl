{{/* Names and labels. Templates take the chart's context (`.`), or a dict of `root`, that context, and `component`. */}}

{{- define "postbode.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* The beginning of every object's name, with room for what follows. */}}
{{- define "postbode.fullname" -}}
{{- $name := include "postbode.name" . }}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "postbode.component" -}}
{{ include "postbode.fullname" .root }}-{{ .component }}
{{- end }}

{{/* What never changes during a release's life. */}}
{{- define "postbode.selector" -}}
app.kubernetes.io/name: {{ include "postbode.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "postbode.labels" -}}
{{ include "postbode.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A pod's: no versions, so that a new chart alone restarts nothing. */}}
{{- define "postbode.podLabels" -}}
{{ include "postbode.selector" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Beside the component's labels: the pods of all five services, and no hook's. */}}
{{- define "postbode.services" -}}
app.kubernetes.io/part-of: {{ include "postbode.name" . }}
{{- end }}

{{/* All five services' pods, of this release. */}}
{{- define "postbode.metrics.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
{{ include "postbode.services" . }}
{{- end }}

{{- define "postbode.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "postbode.serviceAccount" -}}
{{- with .Values.serviceAccount }}
{{- .name | default (.create | ternary (include "postbode.fullname" $) "default") }}
{{- end }}
{{- end }}

{{/* A service's values over the defaults for all: a dict of `root` and `component` becomes YAML. */}}
{{- define "postbode.values" -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (index .root.Values .component)) | toYaml }}
{{- end }}

{{/* The services that run, as a list in YAML. */}}
{{- define "postbode.enabled" -}}
{{- range $component := list "ingest" "fanout" "delivery" "retry" "console" }}
{{- if (index $.Values $component).enabled }}
- {{ $component }}
{{- end }}
{{- end }}
{{- end }}

{{/* A number as people write it: values are floating, and would become 1e+06. */}}
{{- define "postbode.text" -}}
{{- if kindIs "slice" . }}
{{- $texts := list }}
{{- range . }}{{ $texts = append $texts (include "postbode.text" .) }}{{ end }}
{{- join "," $texts }}
{{- else if and (kindIs "float64" .) (eq . (floor .)) }}
{{- int64 . }}
{{- else }}
{{- toString . }}
{{- end }}
{{- end }}

{{/* Milliseconds of a duration as the services write them: `500ms`, `15s`, `5m`. */}}
{{- define "postbode.milliseconds" -}}
{{- $unit := regexFind "(ms|s|m|h|d)$" . }}
{{- $scale := index (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) $unit }}
{{- mul (trimSuffix $unit . | int64) $scale }}
{{- end }}

{{/* Whole seconds of one, rounded up. */}}
{{- define "postbode.seconds" -}}
{{- div (add (include "postbode.milliseconds" . | int64) 999) 1000 }}
{{- end }}
