{{/* How Kafka is reached: variables, files, and the same for KEDA. Templates take `root` and `component`. */}}

{{/* The variables, without secrets. */}}
{{- define "postbode.environment.kafka" -}}
{{- with .root.Values.kafka -}}
- name: POSTBODE__KAFKA__BOOTSTRAP_SERVERS
  value: {{ .bootstrapServers | quote }}
- name: POSTBODE__KAFKA__CLIENT_ID
  value: {{ .clientId | quote }}
{{- end }}
{{- range $key, $value := include "postbode.kafka.properties" . | fromYaml }}
- name: POSTBODE__KAFKA__PROPERTIES__{{ $key }}
  value: {{ include "postbode.text" $value | quote }}
{{- end }}
{{- with (include "postbode.kafka.user" . | fromYaml).name }}
- name: POSTBODE__KAFKA__PROPERTIES__sasl.username
  value: {{ . }}
{{- end }}
{{- end }}

{{/* librdkafka's client settings that are secrets, as a list in YAML: `setting`, and the `secret` and its `key` that have it. */}}
{{- define "postbode.kafka.secrets" -}}
{{- $user := include "postbode.kafka.user" . | fromYaml }}
{{- with .root.Values.kafka }}
{{- if $user.saslSecret }}
{{- $oauth := eq .sasl.mechanism "OAUTHBEARER" }}
{{- if not $user.name }}
- setting: kafka.properties.{{ $oauth | ternary "sasl.oauthbearer.client.id" "sasl.username" }}
  secret: {{ $user.saslSecret }}
  key: {{ .sasl.usernameKey | quote }}
{{- end }}
- setting: kafka.properties.{{ $oauth | ternary "sasl.oauthbearer.client.secret" "sasl.password" }}
  secret: {{ $user.saslSecret }}
  key: {{ $user.passwordKey | quote }}
{{- end }}
{{- if and $user.certificateSecret .tls.client.passwordKey }}
- setting: kafka.properties.ssl.key.password
  secret: {{ $user.certificateSecret }}
  key: {{ .tls.client.passwordKey | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* librdkafka's client settings that are no secret, as a map in YAML. What somebody wrote himself wins. */}}
{{- define "postbode.kafka.properties" -}}
{{- $kafka := .root.Values.kafka }}
{{- $user := include "postbode.kafka.user" . | fromYaml }}
{{- $ours := dict }}
{{- if or $kafka.tls.enabled $kafka.sasl.mechanism }}
{{- $transport := $kafka.tls.enabled | ternary "SSL" "PLAINTEXT" }}
{{- $_ := set $ours "security.protocol" (empty $kafka.sasl.mechanism | ternary $transport (print "SASL_" $transport)) }}
{{- end }}
{{- if and $kafka.tls.enabled $kafka.tls.ca.existingSecret }}
{{- $_ := set $ours "ssl.ca.location" "/etc/postbode/kafka/ca.crt" }}
{{- end }}
{{- if $user.certificateSecret }}
{{- $_ := set $ours "ssl.certificate.location" "/etc/postbode/kafka/tls.crt" }}
{{- $_ := set $ours "ssl.key.location" "/etc/postbode/kafka/tls.key" }}
{{- end }}
{{- with $kafka.sasl.mechanism }}{{ $_ := set $ours "sasl.mechanism" . }}{{ end }}
{{- if eq $kafka.sasl.mechanism "OAUTHBEARER" }}
{{- $_ := set $ours "sasl.oauthbearer.method" "oidc" }}
{{- $_ := set $ours "sasl.oauthbearer.token.endpoint.url" $kafka.sasl.oauth.tokenEndpoint }}
{{- with $kafka.sasl.oauth.scope }}{{ $_ := set $ours "sasl.oauthbearer.scope" . }}{{ end }}
{{- with $kafka.sasl.oauth.extensions }}{{ $_ := set $ours "sasl.oauthbearer.extensions" . }}{{ end }}
{{- end }}
{{- if eq $kafka.groupProtocol "consumer" }}{{ $_ := set $ours "group.protocol" "consumer" }}{{ end }}
{{- $theirs := dict }}
{{- if ne .component "topics" }}{{ $theirs = (include "postbode.values" . | fromYaml).kafkaProperties }}{{ end }}
{{- mergeOverwrite $ours (deepCopy $kafka.properties) $theirs | toYaml }}
{{- end }}

{{/* Who a service is to Kafka, as a map in YAML: `saslSecret` with `name` or else a key for it, and `passwordKey`;
     `certificateSecret` with `certificateKey` and `privateKeyKey`. Its own Secret, Strimzi's for it, or the one for all. */}}
{{- define "postbode.kafka.user" -}}
{{- $kafka := .root.Values.kafka }}
{{- $own := "" }}
{{- if eq .component "topics" }}
{{- $own = .root.Values.topics.job.kafkaSecret }}
{{- else }}
{{- $own = (include "postbode.values" . | fromYaml).kafkaSecret }}
{{- end }}
{{- $strimzi := and .root.Values.strimzi.users.enabled (not $own) (ne .component "topics") }}
{{- $scram := and $strimzi (eq .root.Values.strimzi.users.authentication "scram-sha-512") }}
{{- $certified := and $strimzi (not $scram) }}
{{- $name := include "postbode.component" . }}
{{- $user := dict
  "name" ($scram | ternary $name "")
  "saslSecret" (coalesce $own ($scram | ternary $name "") $kafka.sasl.existingSecret)
  "passwordKey" ($scram | ternary "password" $kafka.sasl.passwordKey)
  "certificateSecret" (coalesce $own ($certified | ternary $name "") $kafka.tls.client.existingSecret)
  "certificateKey" ($certified | ternary "user.crt" $kafka.tls.client.certificateKey)
  "privateKeyKey" ($certified | ternary "user.key" $kafka.tls.client.privateKeyKey) }}
{{- if not $kafka.sasl.mechanism }}{{ $_ := set $user "saslSecret" "" }}{{ end }}
{{- if not (and $kafka.tls.enabled $kafka.tls.client.enabled) }}{{ $_ := set $user "certificateSecret" "" }}{{ end }}
{{- toYaml $user }}
{{- end }}

{{/* The projected files of a service's Kafka client, as a list of sources in YAML; empty if it needs none. */}}
{{- define "postbode.kafka.files" -}}
{{- $tls := .root.Values.kafka.tls }}
{{- $user := include "postbode.kafka.user" . | fromYaml }}
{{- if and $tls.enabled $tls.ca.existingSecret }}
- secret:
    name: {{ $tls.ca.existingSecret }}
    items:
      - {key: {{ $tls.ca.key | quote }}, path: ca.crt}
{{- end }}
{{- with $user.certificateSecret }}
- secret:
    name: {{ . }}
    items:
      - {key: {{ $user.certificateKey | quote }}, path: tls.crt}
      - {key: {{ $user.privateKeyKey | quote }}, path: tls.key}
{{- end }}
{{- end }}

{{/* The brokers' ports, as a list of numbers in YAML. */}}
{{- define "postbode.kafka.ports" -}}
{{- $ports := .Values.networkPolicy.kafka.ports }}
{{- if not $ports }}
{{- range splitList "," .Values.kafka.bootstrapServers }}
{{- $ports = append $ports (regexFind "[0-9]+$" (trim .) | int) }}
{{- end }}
{{- end }}
{{- range $ports | uniq }}
- {{ int . }}
{{- end }}
{{- end }}
