{{- define "windvane.labels" -}}
app.kubernetes.io/name: windvane
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "windvane.selector" -}}
app.kubernetes.io/name: windvane
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "windvane.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
