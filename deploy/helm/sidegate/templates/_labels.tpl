{{- define "sidegate.labels" -}}
app.kubernetes.io/name: {{ .Values.name }}
{{- end }}

{{- define "sidegate.locked" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
