import { object, type Shape } from './kube-shape.ts'

const dnsLabel: Shape = { like: /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/ }
const absolutePath: Shape = { like: /^\/\S*$/ }
const quantity: Shape = { like: /^\d+(?:m|Ki|Mi|Gi)?$/ }
const texts: Shape = { map: 'text' }
const list = (shape: Shape): Shape => ({ list: shape })

export const objectMeta = object({ 'name!': dnsLabel, namespace: dnsLabel, labels: texts, annotations: texts })

const seccompProfile = object({ 'type!': { oneOf: ['RuntimeDefault', 'Unconfined', 'Localhost'] } })

const capability: Shape = { like: /^(?:ALL|[A-Z][A-Z_]+)$/ }

export const containerSecurity = object({
  runAsUser: 'number',
  runAsGroup: 'number',
  runAsNonRoot: 'boolean',
  allowPrivilegeEscalation: 'boolean',
  readOnlyRootFilesystem: 'boolean',
  capabilities: object({ add: list(capability), drop: list(capability) }),
  seccompProfile,
})

const podSecurity = object({
  runAsUser: 'number',
  runAsGroup: 'number',
  runAsNonRoot: 'boolean',
  fsGroup: 'number',
  fsGroupChangePolicy: { oneOf: ['OnRootMismatch', 'Always'] },
  seccompProfile,
})

export const environment = list(object({ 'name!': { like: /^[A-Z_][A-Z0-9_]*$/ }, 'value!': 'text' }))
export const volumeMounts = list(
  object({ 'name!': dnsLabel, 'mountPath!': absolutePath, subPath: 'text', readOnly: 'boolean' }),
)
export const resources = object({ requests: { map: quantity }, limits: { map: quantity } })

export const container = object({
  'name!': dnsLabel,
  'image!': 'text',
  imagePullPolicy: { oneOf: ['Always', 'IfNotPresent', 'Never'] },
  command: list('text'),
  args: list('text'),
  workingDir: absolutePath,
  env: environment,
  resources,
  securityContext: containerSecurity,
  volumeMounts,
})

const items = list(object({ 'key!': 'text', 'path!': 'text', mode: 'number' }))

export const volumes = list(
  object({
    'name!': dnsLabel,
    emptyDir: object({ medium: { oneOf: ['', 'Memory'] }, sizeLimit: quantity }),
    configMap: object({ 'name!': dnsLabel, items, optional: 'boolean', defaultMode: 'number' }),
    secret: object({ 'secretName!': dnsLabel, items, optional: 'boolean', defaultMode: 'number' }),
    persistentVolumeClaim: object({ 'claimName!': dnsLabel, readOnly: 'boolean' }),
  }),
)

const podSpec = object({
  restartPolicy: { oneOf: ['Always', 'OnFailure', 'Never'] },
  automountServiceAccountToken: 'boolean',
  serviceAccountName: dnsLabel,
  hostUsers: 'boolean',
  runtimeClassName: dnsLabel,
  securityContext: podSecurity,
  initContainers: list(container),
  'containers!': list(container),
  volumes,
})

const jobSpec = object({
  backoffLimit: 'number',
  activeDeadlineSeconds: 'number',
  ttlSecondsAfterFinished: 'number',
  'template!': object({ metadata: object({ labels: texts, annotations: texts }), 'spec!': podSpec }),
})

const cronField = /^(?:\*|\d+)(?: (?:\*|\d+)){4}$/

function kind(apiVersion: string, name: string, fields: Readonly<Record<string, Shape>>): Shape {
  return object({
    'apiVersion!': { oneOf: [apiVersion] },
    'kind!': { oneOf: [name] },
    'metadata!': objectMeta,
    ...fields,
  })
}

/** The kinds of Kubernetes in the examples, with the fields of them that the examples may use. */
export const kubernetesKinds: Readonly<Record<string, Shape>> = {
  Pod: kind('v1', 'Pod', { 'spec!': podSpec }),
  Job: kind('batch/v1', 'Job', { 'spec!': jobSpec }),
  CronJob: kind('batch/v1', 'CronJob', {
    'spec!': object({
      'schedule!': { like: cronField },
      suspend: 'boolean',
      concurrencyPolicy: { oneOf: ['Allow', 'Forbid', 'Replace'] },
      startingDeadlineSeconds: 'number',
      successfulJobsHistoryLimit: 'number',
      failedJobsHistoryLimit: 'number',
      'jobTemplate!': object({ 'spec!': jobSpec }),
    }),
  }),
  PersistentVolumeClaim: kind('v1', 'PersistentVolumeClaim', {
    'spec!': object({
      'accessModes!': list({ oneOf: ['ReadWriteOnce', 'ReadWriteMany', 'ReadOnlyMany', 'ReadWriteOncePod'] }),
      storageClassName: dnsLabel,
      'resources!': object({ 'requests!': object({ 'storage!': quantity }) }),
    }),
  }),
  ConfigMap: kind('v1', 'ConfigMap', { data: texts }),
  Secret: kind('v1', 'Secret', {
    type: { oneOf: ['Opaque', 'kubernetes.io/dockerconfigjson'] },
    data: texts,
    stringData: texts,
  }),
  RuntimeClass: kind('node.k8s.io/v1', 'RuntimeClass', { 'handler!': dnsLabel }),
}
