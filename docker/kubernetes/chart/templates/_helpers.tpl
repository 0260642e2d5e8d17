{{- define "eidcached.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "eidcached.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "eidcached.labels" -}}
{{ include "eidcached.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "eidcached.account" -}}
{{ .Values.serviceAccount.name | default (ternary (include "eidcached.name" .) "default" .Values.serviceAccount.create) }}
{{- end -}}

{{/* Where it listens: for everybody in the cluster, or on the node's socket and for probes. */}}
{{- define "eidcached.listen" -}}
{{- if eq .Values.kind "daemonset" -}}
0.0.0.0:{{ .Values.service.port }},unix:/run/eidcached/eidcached.sock?mode=0666
{{- else -}}
0.0.0.0:{{ .Values.service.port }}
{{- end -}}
{{- end -}}

{{/* The pod, whatever makes it. */}}
{{- define "eidcached.pod" -}}
metadata:
  labels:
    {{- include "eidcached.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ toYaml .Values.config | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "eidcached.account" . }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 30
  {{- if eq .Values.kind "cronjob" }}
  restartPolicy: Never
  {{- end }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- if eq .Values.kind "daemonset" }}
    # the socket's folder on the node is root's; root without a single capability may write there
    runAsUser: 0
    {{- else }}
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    {{- end }}
    fsGroup: 10001
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: eidcached
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      {{- if eq .Values.kind "cronjob" }}
      args: ["--once"]
      {{- else }}
      ports:
        - name: http
          containerPort: {{ .Values.service.port }}
      startupProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 1
        failureThreshold: 120
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
      livenessProbe:
        httpGet: {path: /livez, port: http}
        periodSeconds: 10
      {{- end }}
      env:
        - name: EIDCACHED_HTTP_LISTEN
          value: {{ include "eidcached.listen" . | quote }}
        - name: EIDCACHED_LOG_FORMAT
          value: json
        {{- if .Values.tokenSecret }}
        - name: EIDCACHED_HTTP_TOKEN_FILE
          value: /run/secrets/eidcached/token
        {{- end }}
        {{- range $name, $value := .Values.env }}
        - name: {{ $name }}
          value: {{ $value | quote }}
        {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        readOnlyRootFilesystem: true
        allowPrivilegeEscalation: false
        capabilities:
          drop: [ALL]
      volumeMounts:
        - {name: config, mountPath: /etc/eidcached, readOnly: true}
        - {name: snapshots, mountPath: /var/lib/eidcached}
        {{- if .Values.tokenSecret }}
        - {name: token, mountPath: /run/secrets/eidcached, readOnly: true}
        {{- end }}
        {{- if eq .Values.kind "daemonset" }}
        - {name: sockets, mountPath: /run/eidcached}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "eidcached.name" . }}
    - name: snapshots
      emptyDir:
        sizeLimit: {{ .Values.snapshotSizeLimit }}
    {{- if .Values.tokenSecret }}
    - name: token
      secret:
        secretName: {{ .Values.tokenSecret }}
    {{- end }}
    {{- if eq .Values.kind "daemonset" }}
    - name: sockets
      hostPath:
        path: {{ .Values.daemonset.hostPath }}
        type: DirectoryOrCreate
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
