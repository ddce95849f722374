{{/* What scales a service, and what keeps it from being taken away. Templates take `root` and `component`. */}}

{{- define "postbode.budget" -}}
{{- $values := include "postbode.values" . | fromYaml -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "postbode.component" . }}
  labels:
    {{- include "postbode.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ $values.podDisruptionBudget.maxUnavailable }}
  # A pod that does no work keeps no node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "postbode.selector" . | nindent 6 }}
{{- end }}

{{- define "postbode.hpa" -}}
{{- $scaling := (include "postbode.values" . | fromYaml).autoscaling -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "postbode.component" . }}
  labels:
    {{- include "postbode.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "postbode.component" . }}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ $scaling.hpa.cpu }}}
  {{- with $scaling.behavior }}
  behavior:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "postbode.keda" -}}
{{- $scaling := (include "postbode.values" . | fromYaml).autoscaling -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ include "postbode.component" . }}
  labels:
    {{- include "postbode.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    name: {{ include "postbode.component" . }}
  minReplicaCount: {{ $scaling.minReplicas }}
  maxReplicaCount: {{ $scaling.maxReplicas }}
  pollingInterval: {{ $scaling.keda.pollingInterval }}
  cooldownPeriod: {{ $scaling.keda.cooldownPeriod }}
  {{- with $scaling.behavior }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- toYaml . | nindent 8 }}
  {{- end }}
  triggers:
    {{- with include "postbode.keda.backlog" (dict "call" . "prometheus" $scaling.keda.prometheus) }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with include "postbode.keda.lag" (dict "call" . "lag" $scaling.keda.lag) }}
    {{- . | nindent 4 }}
    {{- end }}
{{- if and (include "postbode.keda.reads" .) $scaling.keda.lag.enabled (include "postbode.keda.authentication" .) }}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ include "postbode.component" . }}
  labels:
    {{- include "postbode.labels" . | nindent 4 }}
spec:
  {{- include "postbode.keda.authentication" . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What each service says of its own backlog: how late events are routed, how many records wait for nothing but a process, how late retries are. */}}
{{- define "postbode.keda.questions" -}}
fanout:
  query: sum(rate(postbode_fanout_delay_seconds_sum{%s}[2m])) / sum(rate(postbode_fanout_delay_seconds_count{%s}[2m]))
  threshold: "5"
  metricType: Value
delivery:
  query: sum(postbode_due{%s})
  threshold: "200"
  metricType: AverageValue
retry:
  query: sum(rate(postbode_retry_lateness_seconds_sum{%s}[2m])) / sum(rate(postbode_retry_lateness_seconds_count{%s}[2m]))
  threshold: "30"
  metricType: Value
{{- end }}

{{- define "postbode.keda.backlog" -}}
{{- if .prometheus.serverAddress }}
{{- $root := .call.root }}
{{- $own := index (include "postbode.keda.questions" . | fromYaml) .call.component }}
{{- $pods := printf "namespace=%q,pod=~%q" $root.Release.Namespace (print (include "postbode.component" .call) "-.*") -}}
- type: prometheus
  metricType: {{ .prometheus.metricType | default $own.metricType }}
  metadata:
    serverAddress: {{ .prometheus.serverAddress }}
    query: {{ .prometheus.query | default ($own.query | replace "%s" $pods) | quote }}
    threshold: {{ .prometheus.threshold | default $own.threshold | toString | quote }}
    # Without traffic there is nothing to divide by.
    ignoreNullValues: "true"
{{- end }}
{{- end }}

{{/* The topic of which lag is load. Never the retry topics: what lies there is mostly not due yet. */}}
{{- define "postbode.keda.reads" -}}
{{- get (dict "fanout" "events" "delivery" "deliveries") .component }}
{{- end }}

{{- define "postbode.keda.lag" -}}
{{- $topic := include "postbode.keda.reads" .call }}
{{- if and $topic .lag.enabled }}
{{- with .call.root.Values -}}
- type: kafka
  metadata:
    bootstrapServers: {{ .kafka.bootstrapServers | quote }}
    consumerGroup: {{ .topics.prefix }}{{ $.call.component }}
    topic: {{ .topics.prefix }}{{ $topic }}
    lagThreshold: {{ include "postbode.text" $.lag.threshold | quote }}
    offsetResetPolicy: earliest
    # More pods do not move a partition whose committed offset stands still for one record.
    excludePersistentLag: "true"
    sasl: {{ index (dict "" "none" "PLAIN" "plaintext" "SCRAM-SHA-256" "scram_sha256" "SCRAM-SHA-512" "scram_sha512" "OAUTHBEARER" "oauthbearer") .kafka.sasl.mechanism }}
    tls: {{ .kafka.tls.enabled | ternary "enable" "disable" }}
    {{- if eq .kafka.sasl.mechanism "OAUTHBEARER" }}
    oauthTokenEndpointUri: {{ .kafka.sasl.oauth.tokenEndpoint | quote }}
    {{- with .kafka.sasl.oauth.scope }}
    scopes: {{ . | quote }}
    {{- end }}
    {{- end }}
  {{- if include "postbode.keda.authentication" $.call }}
  authenticationRef:
    name: {{ include "postbode.component" $.call }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* KEDA looks as the service itself: the same user, certificate and authority. */}}
{{- define "postbode.keda.authentication" -}}
{{- $kafka := .root.Values.kafka }}
{{- $user := include "postbode.kafka.user" . | fromYaml }}
{{- if $user.name -}}
env:
  - {parameter: username, name: POSTBODE__KAFKA__PROPERTIES__sasl.username, containerName: {{ .component }}}
{{ end }}
{{- $secrets := list }}
{{- if $user.saslSecret }}
{{- if not $user.name }}
{{- $secrets = append $secrets (dict "parameter" "username" "name" $user.saslSecret "key" $kafka.sasl.usernameKey) }}
{{- end }}
{{- $secrets = append $secrets (dict "parameter" "password" "name" $user.saslSecret "key" $user.passwordKey) }}
{{- end }}
{{- if and $kafka.tls.enabled $kafka.tls.ca.existingSecret }}
{{- $secrets = append $secrets (dict "parameter" "ca" "name" $kafka.tls.ca.existingSecret "key" $kafka.tls.ca.key) }}
{{- end }}
{{- with $user.certificateSecret }}
{{- $secrets = append $secrets (dict "parameter" "cert" "name" . "key" $user.certificateKey) }}
{{- $secrets = append $secrets (dict "parameter" "key" "name" . "key" $user.privateKeyKey) }}
{{- with $kafka.tls.client.passwordKey }}
{{- $secrets = append $secrets (dict "parameter" "keyPassword" "name" $user.certificateSecret "key" .) }}
{{- end }}
{{- end }}
{{- with $secrets -}}
secretTargetRef:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
