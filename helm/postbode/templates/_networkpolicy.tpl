{{/* With whom a service may speak. Takes `root` and `component`. */}}

{{- define "postbode.networkPolicy" -}}
{{- $policy := .root.Values.networkPolicy -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "postbode.component" . }}
  labels:
    {{- include "postbode.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "postbode.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if has .component (list "ingest" "console") }}
    {{- $test := dict "podSelector" (dict "matchLabels" (include "postbode.selector" (dict "root" .root "component" "test") | fromYaml)) }}
    {{- $peers := empty $policy.ingress.api | ternary list (append $policy.ingress.api $test) }}
    {{- include "postbode.networkPolicy.rule" (dict "way" "from" "peers" $peers "ports" (list "api")) | nindent 4 }}
    {{- end }}
    {{- include "postbode.networkPolicy.rule" (dict "way" "from" "peers" $policy.ingress.metrics "ports" (list "management")) | nindent 4 }}
  egress:
    - ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
      {{- with $policy.dns.to }}
      to:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- include "postbode.networkPolicy.rule" (dict "way" "to" "peers" $policy.kafka.to "ports" (include "postbode.kafka.ports" .root | fromYamlArray)) | nindent 4 }}
    {{- if eq .root.Values.kafka.sasl.mechanism "OAUTHBEARER" }}
    {{- with .root.Values.kafka.sasl.oauth.tokenEndpoint }}
    {{- $port := regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" | default (hasPrefix "http:" . | ternary 80 443) }}
    {{- include "postbode.networkPolicy.rule" (dict "way" "to" "peers" $policy.tokens.to "ports" (list (int $port))) | nindent 4 }}
    {{- end }}
    {{- end }}
    {{- with .root.Values.trace.endpoint }}
    {{- include "postbode.networkPolicy.rule" (dict "way" "to" "ports" (list (regexFind "[0-9]+" (regexFind ":[0-9]+" .) | default "4317" | int))) | nindent 4 }}
    {{- end }}
    {{- if has .component (list "delivery" "console") }}
    {{- include "postbode.networkPolicy.world" .root | nindent 4 }}
    {{- end }}
    {{- if eq .component "console" }}
    {{- if .root.Values.console.database.existingSecret }}
    {{- include "postbode.networkPolicy.rule" (dict "way" "to" "peers" $policy.database.to "ports" (list $policy.database.port)) | nindent 4 }}
    {{- end }}
    {{- if .root.Values.console.mail.existingSecret }}
    {{- include "postbode.networkPolicy.rule" (dict "way" "to" "peers" $policy.mail.to "ports" $policy.mail.ports) | nindent 4 }}
    {{- end }}
    {{- end }}
    {{- with $policy.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* A rule for ports, by name or number, from or to peers; without peers, everybody. */}}
{{- define "postbode.networkPolicy.rule" -}}
- ports:
    {{- range .ports }}
    - {port: {{ include "postbode.text" . }}, protocol: TCP}
    {{- end }}
  {{- with .peers }}
  {{ $.way }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Strangers' ports anywhere but at private addresses: a second wall behind the services' own address policy. Blocks that this one
     lets through (`outbound.allow`) are let through here. */}}
{{- define "postbode.networkPolicy.world" -}}
{{- $settings := .Values.outbound.settings -}}
- ports:
    {{- range $settings.ports | default (list 80 443) }}
    - {port: {{ include "postbode.text" . }}, protocol: TCP}
    {{- end }}
  to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
          {{- toYaml .Values.networkPolicy.world.exceptIPv4 | nindent 10 }}
    - ipBlock:
        cidr: 2000::/3
        except:
          {{- toYaml .Values.networkPolicy.world.exceptIPv6 | nindent 10 }}
{{- range $settings.allow }}
{{- $port := regexFind ":[0-9]+$" . }}
{{- if contains "[" . }}{{ $port = regexFind "]?:[0-9]+$" (regexReplaceAll "^.*](/[0-9]+)?" . "") }}{{ else if gt (len (splitList ":" .)) 2 }}{{ $port = "" }}{{ end }}
{{- $block := trimSuffix $port . | replace "[" "" | replace "]" "" }}
{{- if not (contains "/" $block) }}{{ $block = printf "%s/%s" $block (contains ":" $block | ternary "128" "32") }}{{ end }}
- to:
    - ipBlock: {cidr: {{ $block | quote }}}
  {{- with $port }}
  ports:
    - {port: {{ trimPrefix ":" . }}, protocol: TCP}
  {{- end }}
{{- end }}
{{- end }}
