{{/* Combinations that cannot work, each with what to do about it. values.schema.json has judged every value by itself before. */}}

{{- define "postbode.validate" -}}
{{- include "postbode.validate.kafka" . }}
{{- include "postbode.validate.topics" . }}
{{- include "postbode.validate.strimzi" . }}
{{- include "postbode.validate.secrets" . }}
{{- include "postbode.validate.console" . }}
{{- range $component := include "postbode.enabled" . | fromYamlArray }}
{{- include "postbode.validate.scaling" (dict "root" $ "component" $component) }}
{{- include "postbode.validate.user" (dict "root" $ "component" $component) }}
{{- end }}
{{- include "postbode.validate.doors" . }}
{{- include "postbode.validate.metrics" . }}
{{- end }}

{{- define "postbode.validate.kafka" -}}
{{- $kafka := .Values.kafka }}
{{- if not $kafka.bootstrapServers }}
{{- fail "kafka.bootstrapServers: say where Kafka is, for example --set kafka.bootstrapServers=kafka-bootstrap.kafka:9092" }}
{{- end }}
{{- range splitList "," $kafka.bootstrapServers }}
{{- if not (regexMatch "^.+:[0-9]+$" (trim .)) }}
{{- fail (printf "kafka.bootstrapServers: '%s' is not host:port" .) }}
{{- end }}
{{- end }}
{{- $theirs := list $kafka.properties }}
{{- range $component := list "ingest" "fanout" "delivery" "retry" "console" }}
{{- $theirs = append $theirs (index $.Values $component).kafkaProperties }}
{{- end }}
{{- $fixed := list "bootstrap.servers" "client.id" "group.id" "transactional.id" "enable.auto.commit" "enable.auto.offset.store" "isolation.level" "auto.offset.reset" "acks" "enable.idempotence" "partitioner" }}
{{- range $properties := compact (append $theirs $.Values.defaults.kafkaProperties) }}
{{- range $key, $_ := $properties }}
{{- if has $key $fixed }}
{{- fail (printf "kafka.properties: '%s' is the services' own to set" $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $kafka.tls.client.enabled (not $kafka.tls.enabled) }}
{{- fail "kafka.tls.client.enabled: a certificate is only shown over TLS; set kafka.tls.enabled" }}
{{- end }}
{{- if and (eq $kafka.sasl.mechanism "OAUTHBEARER") (not $kafka.sasl.oauth.tokenEndpoint) }}
{{- fail "kafka.sasl.oauth.tokenEndpoint: OAUTHBEARER needs to know where tokens come from" }}
{{- end }}
{{- if and $kafka.sasl.existingSecret (not $kafka.sasl.mechanism) }}
{{- fail "kafka.sasl.mechanism: there is a Secret for SASL, and no mechanism" }}
{{- end }}
{{- end }}

{{- define "postbode.validate.topics" -}}
{{- range .Values.delivery.settings.schedule }}
{{- if not (has . $.Values.topics.retryTiers) }}
{{- fail (printf "delivery.settings.schedule: %s is none of topics.retryTiers, so there is no topic to wait in" .) }}
{{- end }}
{{- end }}
{{- $body := .Values.ingest.settings.max_body_bytes | default 16777216 }}
{{- if lt (int64 $body) (int64 .Values.topics.eventMaxBytes) }}
{{- fail "ingest.settings.max_body_bytes: is smaller than topics.eventMaxBytes, so no such event could come in" }}
{{- end }}
{{- if and (ne .Values.topics.management "job") .Values.topics.job.kafkaSecret }}
{{- fail "topics.job.kafkaSecret: there is no job; set topics.management=job" }}
{{- end }}
{{- end }}

{{- define "postbode.validate.strimzi" -}}
{{- $strimzi := .Values.strimzi }}
{{- $topics := eq .Values.topics.management "strimzi" }}
{{- if and (or $topics $strimzi.users.enabled) (not $strimzi.cluster) }}
{{- fail "strimzi.cluster: name the Kafka object that topics and users are for" }}
{{- end }}
{{- if and $topics (not (regexMatch "^[A-Za-z0-9][A-Za-z0-9._-]*$" .Values.topics.prefix)) }}
{{- fail "topics.prefix: a KafkaTopic's name has to begin with a letter or a digit" }}
{{- end }}
{{- if $strimzi.users.enabled }}
{{- if and (eq $strimzi.users.authentication "scram-sha-512") (ne .Values.kafka.sasl.mechanism "SCRAM-SHA-512") }}
{{- fail "strimzi.users.authentication: scram-sha-512 needs kafka.sasl.mechanism=SCRAM-SHA-512" }}
{{- end }}
{{- if and (eq $strimzi.users.authentication "tls") (not .Values.kafka.tls.client.enabled) }}
{{- fail "strimzi.users.authentication: tls needs kafka.tls.enabled and kafka.tls.client.enabled" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Who a service is to Kafka. */}}
{{- define "postbode.validate.user" -}}
{{- $user := include "postbode.kafka.user" . | fromYaml }}
{{- if and .root.Values.kafka.sasl.mechanism (not $user.saslSecret) }}
{{- fail (printf "kafka.sasl.existingSecret: %s has no user; name a Secret for all, or %s.kafkaSecret" .component .component) }}
{{- end }}
{{- if and .root.Values.kafka.tls.client.enabled (not $user.certificateSecret) }}
{{- fail (printf "kafka.tls.client.existingSecret: %s has no certificate; name a Secret for all, or %s.kafkaSecret" .component .component) }}
{{- end }}
{{- $own := (include "postbode.values" . | fromYaml).kafkaSecret }}
{{- if and $own (not (or $user.saslSecret $user.certificateSecret)) }}
{{- fail (printf "%s.kafkaSecret: set kafka.sasl.mechanism or kafka.tls.client.enabled, or nothing is read of it" .component) }}
{{- end }}
{{- if and .root.Values.strimzi.users.enabled (not $own) (ne (include "postbode.strimzi.namespace" .root) .root.Release.Namespace) }}
{{- fail (printf "%s.kafkaSecret: Strimzi writes users' Secrets in namespace %s, which pods in %s cannot read; copy them, and name each service's" .component (include "postbode.strimzi.namespace" .root) .root.Release.Namespace) }}
{{- end }}
{{- end }}

{{- define "postbode.validate.secrets" -}}
{{- if and (or .Values.delivery.enabled .Values.console.enabled) (not .Values.seal.existingSecret) }}
{{- fail "seal.existingSecret: delivery and console need the keyring that seals secrets; make one and keep a copy: kubectl create secret generic postbode --from-literal=seal-keys=\"k1:$(openssl rand -base64 32)\"" }}
{{- end }}
{{- if and .Values.console.mail.existingSecret (not .Values.console.mail.from) }}
{{- fail "console.mail.from: mails need a sender" }}
{{- end }}
{{- end }}

{{- define "postbode.validate.console" -}}
{{- $console := include "postbode.values" (dict "root" . "component" "console") | fromYaml }}
{{- if and $console.enabled (not $console.database.existingSecret) }}
{{- if or (gt (int $console.replicas) 1) $console.autoscaling.hpa.enabled }}
{{- fail "console.replicas: SQLite is for one console; for several name a PostgreSQL in console.database.existingSecret" }}
{{- end }}
{{- if not (or $console.persistence.enabled $console.persistence.existingClaim) }}
{{- fail "console.persistence.enabled: the console needs a volume for SQLite, or a PostgreSQL in console.database.existingSecret" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "postbode.validate.scaling" -}}
{{- $values := include "postbode.values" . | fromYaml }}
{{- $scaling := $values.autoscaling }}
{{- $place := print .component ".autoscaling" }}
{{- $most := $values.replicas }}
{{- if and $scaling.hpa.enabled $scaling.keda.enabled }}
{{- fail (printf "%s: hpa and keda would scale the same pods against each other; enable one" $place) }}
{{- end }}
{{- if or $scaling.hpa.enabled $scaling.keda.enabled }}
{{- $most = $scaling.maxReplicas }}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) }}
{{- fail (printf "%s: minReplicas is more than maxReplicas" $place) }}
{{- end }}
{{- end }}
{{- if and $scaling.hpa.enabled (not (dig "requests" "cpu" "" $values.resources)) }}
{{- fail (printf "%s.hpa: a share of the requested CPU needs %s.resources.requests.cpu" $place .component) }}
{{- end }}
{{- if $scaling.keda.enabled }}
{{- if has .component (list "ingest" "console") }}
{{- fail (printf "%s.keda: nothing waits for %s; scale it by CPU (hpa)" $place .component) }}
{{- end }}
{{- if not (or $scaling.keda.prometheus.serverAddress (and $scaling.keda.lag.enabled (include "postbode.keda.reads" .))) }}
{{- fail (printf "%s.keda: there is nothing to scale by; set prometheus.serverAddress (lag is no sign of load where records wait until they are due)" $place) }}
{{- end }}
{{- end }}
{{- if and (has .component (list "fanout" "delivery")) (gt (int $most) (int .root.Values.topics.partitions)) }}
{{- fail (printf "%s: %d pods for %d partitions (topics.partitions): some would have nothing to do" .component (int $most) (int .root.Values.topics.partitions)) }}
{{- end }}
{{- end }}

{{- define "postbode.validate.doors" -}}
{{- range $component := list "ingest" "console" }}
{{- $values := index $.Values $component }}
{{- if and $values.ingress.enabled (not $values.ingress.hosts) }}
{{- fail (printf "%s.ingress.hosts: an Ingress needs a host" $component) }}
{{- end }}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) }}
{{- fail (printf "%s.httpRoute.parentRefs: a route needs a Gateway" $component) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "postbode.validate.metrics" -}}
{{- $metrics := .Values.metrics }}
{{- if and $metrics.podMonitor.enabled $metrics.serviceMonitor.enabled }}
{{- fail "metrics: with both a PodMonitor and a ServiceMonitor everything would be counted twice; enable one" }}
{{- end }}
{{- end }}
