{{/* One service: a Deployment, what keeps its pods apart and alive, and what scales it. Takes a dict of

       root        the chart's context
       component   ingest, fanout, delivery, retry or console
       ports       container ports beside the one for health and metrics: [{name, containerPort}]
       volumes     volumes beside secrets and Kafka's files
       mounts      where they are mounted
       recreate    whether the old pod must be gone before the new one comes
*/}}

{{- define "postbode.workload" -}}
{{- $values := include "postbode.values" . | fromYaml }}
{{- if $values.enabled }}
{{ include "postbode.deployment" . }}
{{- if $values.podDisruptionBudget.enabled }}
---
{{ include "postbode.budget" . }}
{{- end }}
{{- if $values.autoscaling.hpa.enabled }}
---
{{ include "postbode.hpa" . }}
{{- end }}
{{- if $values.autoscaling.keda.enabled }}
---
{{ include "postbode.keda" . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "postbode.deployment" -}}
{{- $values := include "postbode.values" . | fromYaml -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "postbode.component" . }}
  labels:
    {{- include "postbode.labels" . | nindent 4 }}
spec:
  {{- if not (or $values.autoscaling.hpa.enabled $values.autoscaling.keda.enabled) }}
  replicas: {{ $values.replicas }}
  {{- end }}
  minReadySeconds: {{ $values.minReadySeconds }}
  revisionHistoryLimit: 5
  strategy:
    {{- if .recreate }}
    type: Recreate
    {{- else }}
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
    {{- end }}
  selector:
    matchLabels:
      {{- include "postbode.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "postbode.podLabels" . | nindent 8 }}
        {{- include "postbode.services" .root | nindent 8 }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "postbode.pod.basics" (dict "root" .root "serviceAccount" (include "postbode.serviceAccount" .root)) | nindent 6 }}
      terminationGracePeriodSeconds: {{ include "postbode.grace" . }}
      {{- include "postbode.pod.placement" (dict "call" . "values" $values) | trim | nindent 6 }}
      containers:
        - name: {{ .component }}
          {{- include "postbode.container.basics" .root | nindent 10 }}
          command: [postbode-{{ .component }}]
          env:
            {{- include "postbode.environment" . | trim | nindent 12 }}
          ports:
            - {name: management, containerPort: 9090}
            {{- range .ports }}
            - {{ toYaml . | nindent 14 | trim }}
            {{- end }}
          {{- include "postbode.container.probes" . | nindent 10 }}
          {{- with $values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with include "postbode.mounts" (dict "call" . "values" $values) | fromYamlArray }}
          volumeMounts:
            {{- toYaml . | nindent 12 }}
          {{- end }}
      {{- with include "postbode.volumes" (dict "call" . "values" $values) | fromYamlArray }}
      volumes:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}

{{/* What every pod of the chart has, hooks and tests too: nothing of Kubernetes', and what "restricted" asks for. */}}
{{- define "postbode.pod.basics" -}}
{{- with .serviceAccount -}}
serviceAccountName: {{ . }}
{{ end -}}
automountServiceAccountToken: false
# Its variables would be named like ours.
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "postbode.container.basics" -}}
image: {{ include "postbode.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Ready: joined its group, has read the registry; ingest and console: Kafka answers. Live: polls, whatever Kafka does. */}}
{{- define "postbode.container.probes" -}}
startupProbe:
  httpGet: {path: /health/live, port: management}
  periodSeconds: 2
  failureThreshold: 30
readinessProbe:
  httpGet: {path: /health/ready, port: management}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 3
livenessProbe:
  httpGet: {path: /health/live, port: management}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
{{- with .root.Values.shutdown.preStopSeconds }}
lifecycle:
  preStop:
    sleep: {seconds: {{ . }}}
{{- end }}
{{- end }}

{{- define "postbode.pod.placement" -}}
{{- $call := .call }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with mergeOverwrite (include "postbode.antiAffinity" . | fromYaml) .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | nindent 4 | trim }}
    labelSelector:
      matchLabels:
        {{- include "postbode.selector" $call | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{- define "postbode.antiAffinity" -}}
{{- $others := dict
  "topologyKey" "kubernetes.io/hostname"
  "labelSelector" (dict "matchLabels" (include "postbode.selector" .call | fromYaml)) }}
{{- if eq .values.antiAffinity "soft" }}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        {{- toYaml $others | nindent 8 }}
{{- else if eq .values.antiAffinity "hard" }}
podAntiAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - {{ toYaml $others | nindent 6 | trim }}
{{- end }}
{{- end }}

{{- define "postbode.volumes" -}}
{{- with include "postbode.secrets.files" .call }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- . | trim | nindent 6 }}
{{- end }}
{{- with include "postbode.kafka.files" .call }}
- name: kafka
  projected:
    defaultMode: 0440
    sources:
      {{- . | trim | nindent 6 }}
{{- end }}
{{- with concat (.call.volumes | default list) .values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "postbode.mounts" -}}
{{- if include "postbode.secrets.files" .call }}
- {name: secrets, mountPath: /etc/postbode/secrets, readOnly: true}
{{- end }}
{{- if include "postbode.kafka.files" .call }}
- {name: kafka, mountPath: /etc/postbode/kafka, readOnly: true}
{{- end }}
{{- with concat (.call.mounts | default list) .values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* How long a service's soft stop may take, in seconds: for delivery at least a whole attempt and the commit after it. */}}
{{- define "postbode.drain" -}}
{{- $drain := int .root.Values.shutdown.drainSeconds }}
{{- if eq .component "delivery" }}
{{- $attempt := include "postbode.seconds" (.root.Values.outbound.settings.timeout | default "15s") | int }}
{{- $drain = max $drain (add $attempt 5) }}
{{- end }}
{{- $drain }}
{{- end }}

{{/* How long Kubernetes waits: until it is told, until it is drained, and for its last words. */}}
{{- define "postbode.grace" -}}
{{- add (include "postbode.drain" . | int) .root.Values.shutdown.preStopSeconds 10 }}
{{- end }}
