import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { parseExecutor } from '../../src/cli/parse-executor.ts'
import { parseWarmer } from '../../src/cli/parse-warmer.ts'
import { checkout } from '../support/dist.ts'
import { kubernetesKinds } from '../support/kube-kinds.ts'
import { kustomize } from '../support/kube-kustomize.ts'
import { at, type Container, type Pod, podOf } from '../support/kube-objects.ts'
import {
  argoWorkflowTemplate,
  cloudBuild,
  githubWorkflow,
  gitlabPipeline,
  kustomization,
  tektonTask,
} from '../support/kube-pipeline-kinds.ts'
import { baselineFaults, restrictedFaults } from '../support/kube-pod-security.ts'
import { faultsOf, type Shape } from '../support/kube-shape.ts'
import { type Document, parseYaml, readYaml } from '../support/kube-yaml.ts'

const examples = join(checkout, 'examples')
const paths = globSync('**/{*,.*}.{yaml,yml}', { cwd: examples }).sort()
const files = new Map<string, readonly Document[]>()
for (const path of paths) files.set(path, await readYaml(join(examples, path)))

const otherFiles: Readonly<Record<string, Shape>> = {
  'argo/workflow-template.yaml': argoWorkflowTemplate,
  'cloudbuild/cloudbuild.yaml': cloudBuild,
  'github-actions/workflow.yml': githubWorkflow,
  'gitlab-ci/.gitlab-ci.yml': gitlabPipeline,
  'tekton/task.yaml': tektonTask,
}

/** Patches are no whole objects. */
const patches = ['app.yaml', 'registry-credentials.yaml'].map((name) => `kubernetes/my-cluster/${name}`)

function shapeFor(path: string, document: Document): Shape {
  if (basename(path) === 'kustomization.yaml') return kustomization
  const shape = otherFiles[path] ?? kubernetesKinds[String(document.kind)]
  assert.ok(shape !== undefined, `${path}: nothing is known of ${document.kind}`)
  return shape
}

test('every manifest has only fields that there are, and those that must be', () => {
  assert.ok(paths.length >= 20)
  for (const path of paths.filter((name) => !patches.includes(name))) {
    for (const document of files.get(path)!) {
      assert.deepEqual(faultsOf(document, shapeFor(path, document)), [], path)
    }
  }
})

test('a field that there is not is found, and one that is missing', async () => {
  const [document] = await parseYaml(
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: b, imag: c, env: [{name: D, value: 1}]}]}',
  )
  assert.deepEqual(faultsOf(document, kubernetesKinds.Pod!), [
    'spec.containers[0].image: is missing',
    'spec.containers[0].imag: no such field',
    'spec.containers[0].env[0].value: is no text',
  ])
})

const pods: readonly (Pod & { readonly path: string })[] = [...files]
  .filter(([path]) => !patches.includes(path))
  .flatMap(([path, documents]) => {
    return documents.flatMap((document) => {
      const pod = document.metadata === undefined ? undefined : podOf(document)
      return pod === undefined ? [] : [{ ...pod, path }]
    })
  })

const executors = pods.filter(({ spec }) => spec.containers[0]?.name === 'executor')
const warmers = pods.filter(({ spec }) => spec.containers[0]?.name === 'warmer')

test('a Pod that builds fits the Pod Security Standard "baseline", one that warms fits "restricted"', () => {
  assert.equal(executors.length >= 6 && warmers.length >= 2 && executors.length + warmers.length === pods.length, true)
  for (const { path, spec } of executors) assert.deepEqual(baselineFaults(spec), [], path)
  for (const { path, spec } of warmers) assert.deepEqual(restrictedFaults(spec), [], path)
})

test('no container of ours gets more than it needs', () => {
  const needed = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETFCAP', 'SETGID', 'SETUID']
  const tekton = files.get('tekton/task.yaml')![0]!
  const argo = files.get('argo/workflow-template.yaml')![0]!
  const others = [at(tekton, ['spec', 'steps']), at(argo, ['spec', 'templates'])] as readonly (readonly Document[])[]
  const contexts = [
    ...executors.map(({ spec }) => ({ ...spec.securityContext, ...spec.containers[0]!.securityContext })),
    others[0]![0]!.securityContext,
    at(others[1]![0], ['container', 'securityContext']),
  ]
  for (const context of contexts) {
    const { runAsUser, allowPrivilegeEscalation, capabilities, seccompProfile } = context as Record<string, unknown>
    assert.deepEqual(
      { runAsUser, allowPrivilegeEscalation, capabilities, seccompProfile },
      {
        runAsUser: 0,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], add: needed },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    )
  }
})

test('the flags are flags of the programs', () => {
  const parse = { executor: parseExecutor, warmer: parseWarmer }
  for (const { path, spec } of pods) {
    const { name, args = [], env = [] } = spec.containers[0]!
    const expanded = args.map((arg) => expand(arg, env))
    assert.doesNotThrow(() => parse[name as 'executor' | 'warmer'](expanded, {}, '/'), path)
  }
})

test('everything a Pod mounts is a volume of it, and every volume is mounted', () => {
  for (const { path, spec } of pods) {
    const mounted = [...(spec.initContainers ?? []), ...spec.containers].flatMap(
      ({ volumeMounts = [] }) => volumeMounts,
    )
    const names = new Set(mounted.map(({ name }) => name))
    assert.deepEqual([...names].sort(), spec.volumes?.map(({ name }) => name).sort(), path)
  }
})

test('every ConfigMap, Secret and claim that a Pod names is among the examples', () => {
  const objects = [...files.values()].flat().map(({ kind, metadata }) => `${kind} ${at(metadata, ['name'])}`)
  for (const { path, spec } of pods) {
    for (const { configMap, secret, persistentVolumeClaim } of spec.volumes ?? []) {
      if (configMap !== undefined) assert.ok(objects.includes(`ConfigMap ${configMap.name}`), path)
      if (secret !== undefined) assert.ok(objects.includes(`Secret ${secret.secretName}`), path)
      if (persistentVolumeClaim !== undefined)
        assert.ok(objects.includes(`PersistentVolumeClaim ${persistentVolumeClaim.claimName}`), path)
    }
  }
})

test('the Job, the template and the CronJob of one thing have the same Pod', () => {
  const specOf = (path: string): Pod['spec'] => podOf(files.get(join('kubernetes', path))![0]!)!.spec
  assert.deepEqual(specOf('build/build-template.yaml'), specOf('build/job.yaml'))
  assert.deepEqual(specOf('cached-builds/warmer-cronjob.yaml'), specOf('cached-builds/warmer-job.yaml'))
  const { hostUsers, ...others } = specOf('build/job-user-namespace.yaml')
  assert.deepEqual([hostUsers, others], [false, specOf('build/job.yaml')])
  const { runtimeClassName, ...plain } = specOf('../gvisor/pod.yaml') as Pod['spec'] & { runtimeClassName?: string }
  assert.deepEqual([runtimeClassName, plain], ['gvisor', specOf('build/pod.yaml')])
})

test('the component gives every build template the volume of the warmer, and the kustomization its names', async () => {
  const objects = await kustomize(join(examples, 'kubernetes/my-cluster'))
  for (const object of objects) {
    assert.deepEqual(faultsOf(object, kubernetesKinds[String(object.kind)]!), [])
    assert.equal(at(object, ['metadata', 'namespace']), 'builds')
  }
  const cronJobs = objects.filter(({ kind }) => kind === 'CronJob').map((object) => podOf(object)!)
  assert.deepEqual(
    cronJobs.map(({ name, spec }) => [name, spec.containers[0]!.image]),
    [
      ['hearth-build', 'registry.my-cluster.example/tools/hearth-executor:0.1.0'],
      ['hearth-warmer', 'registry.my-cluster.example/tools/hearth-warmer:0.1.0'],
    ],
  )
  const [build] = cronJobs
  const cached = podOf(files.get('kubernetes/cached-builds/job-with-cache.yaml')![0]!)!.spec
  const namesOnly = (container: Container): Container => ({ ...container, image: '', env: [] })
  const withoutNames = ({ initContainers = [], containers, ...rest }: Pod['spec']): unknown => {
    return { ...rest, initContainers: initContainers.map(namesOnly), containers: containers.map(namesOnly) }
  }
  assert.deepEqual(withoutNames(build!.spec), withoutNames(cached))
  assert.deepEqual(build!.spec.containers[0]!.env, [
    { name: 'DESTINATION', value: 'registry.my-cluster.example/shop/frontend:main' },
  ])
})

test('the base is complete without the component', async () => {
  const objects = await kustomize(join(examples, 'kubernetes/build'))
  assert.deepEqual(objects.map(({ kind }) => kind).sort(), ['CronJob', 'Secret'])
})

test('README.md of the examples names every file', async () => {
  const { readFileSync } = await import('node:fs')
  const text = readFileSync(join(examples, 'README.md'), 'utf8')
  const named = [...text.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]!)
  for (const path of [...paths.filter((name) => !patches.includes(name)), 'docker/run.sh']) {
    assert.ok(named.includes(path), `${path} is not named`)
  }
})

/** $(NAME) in an argument, as the kubelet replaces it. */
function expand(text: string, env: NonNullable<Container['env']>): string {
  return text.replace(/\$\((\w+)\)/g, (_, name) => env.find((variable) => variable.name === name)!.value)
}
