{{/* Files of delivery and console: the platform's own keys, and authorities to trust. */}}

{{- define "postbode.strangers.volumes" -}}
{{- with .Values.signing.existingSecret }}
- name: signing
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.outbound.ca }}
{{- if .existingSecret }}
- name: outbound
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ .existingSecret }}
          items:
            - {key: {{ .key | quote }}, path: ca.crt}
{{- end }}
{{- end }}
{{- end }}

{{- define "postbode.strangers.mounts" -}}
{{- if .Values.signing.existingSecret }}
- {name: signing, mountPath: /etc/postbode/signing, readOnly: true}
{{- end }}
{{- if .Values.outbound.ca.existingSecret }}
- {name: outbound, mountPath: /etc/postbode/outbound, readOnly: true}
{{- end }}
{{- end }}
