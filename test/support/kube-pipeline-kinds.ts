import { containerSecurity, environment, objectMeta, resources, volumeMounts, volumes } from './kube-kinds.ts'
import { object, type Shape } from './kube-shape.ts'

const list = (shape: Shape): Shape => ({ list: shape })
const text: Shape = 'text'

/** The fields of Tekton's Task that the example may use. */
export const tektonTask = object({
  'apiVersion!': { oneOf: ['tekton.dev/v1'] },
  'kind!': { oneOf: ['Task'] },
  'metadata!': objectMeta,
  'spec!': object({
    description: text,
    params: list(
      object({
        'name!': text,
        description: text,
        type: { oneOf: ['string', 'array'] },
        default: { either: [text, list(text)] },
      }),
    ),
    workspaces: list(
      object({ 'name!': text, description: text, optional: 'boolean', mountPath: text, readOnly: 'boolean' }),
    ),
    results: list(object({ 'name!': text, description: text, type: { oneOf: ['string', 'array', 'object'] } })),
    'steps!': list(
      object({
        'name!': text,
        'image!': text,
        command: list(text),
        args: list(text),
        script: text,
        workingDir: text,
        env: environment,
        securityContext: containerSecurity,
        volumeMounts,
      }),
    ),
  }),
})

const parameters = list(object({ 'name!': text, value: text, valueFrom: object({ path: text }) }))

/** The fields of Argo's WorkflowTemplate that the example may use. */
export const argoWorkflowTemplate = object({
  'apiVersion!': { oneOf: ['argoproj.io/v1alpha1'] },
  'kind!': { oneOf: ['WorkflowTemplate'] },
  'metadata!': objectMeta,
  'spec!': object({
    'entrypoint!': text,
    arguments: object({ parameters }),
    volumes,
    'templates!': list(
      object({
        'name!': text,
        inputs: object({
          parameters,
          artifacts: list(
            object({
              'name!': text,
              'path!': text,
              git: object({ 'repo!': text, revision: text, depth: 'number' }),
            }),
          ),
        }),
        // Argo's containers need no name.
        container: object({
          'image!': text,
          command: list(text),
          args: list(text),
          env: environment,
          resources,
          securityContext: containerSecurity,
          volumeMounts,
        }),
        outputs: object({ parameters }),
      }),
    ),
  }),
})

/** The fields of Cloud Build's file that the example may use. */
export const cloudBuild = object({
  'steps!': list(
    object({
      id: text,
      'name!': text,
      entrypoint: text,
      args: list(text),
      env: list(text),
      dir: text,
      volumes: list(object({ 'name!': text, 'path!': text })),
    }),
  ),
  substitutions: { map: text },
  timeout: { like: /^\d+s$/ },
})

/** The fields of a GitLab job that the example may use; the file is a map of jobs. */
export const gitlabPipeline: Shape = {
  map: object({
    stage: { oneOf: ['.pre', 'build', 'test', 'deploy', '.post'] },
    'image!': object({ 'name!': text, entrypoint: list(text) }),
    variables: { map: text },
    'script!': list(text),
    rules: list(object({ 'if!': text })),
    artifacts: object({ 'paths!': list(text) }),
  }),
}

/** The fields of a GitHub workflow that the example may use. */
export const githubWorkflow = object({
  name: text,
  'on!': object({ push: object({ branches: list(text) }) }),
  permissions: { map: { oneOf: ['read', 'write', 'none'] } },
  'jobs!': {
    map: object({
      'runs-on!': text,
      env: { map: text },
      'steps!': list(
        object({
          name: text,
          uses: { like: /^[\w-]+\/[\w-]+@v\d+$/ },
          with: { map: text },
          run: text,
          env: { map: text },
        }),
      ),
    }),
  },
})

const patches = list(
  object({
    path: text,
    patch: text,
    target: object({ kind: text, name: text, labelSelector: text }),
  }),
)

/** The fields of a kustomization, or a component of one, that the examples may use. */
export const kustomization: Shape = {
  either: [
    object({
      'apiVersion!': { oneOf: ['kustomize.config.k8s.io/v1beta1'] },
      'kind!': { oneOf: ['Kustomization'] },
      namespace: text,
      resources: list(text),
      components: list(text),
      images: list(object({ 'name!': text, newName: text, newTag: text, digest: text })),
      patches,
    }),
    object({
      'apiVersion!': { oneOf: ['kustomize.config.k8s.io/v1alpha1'] },
      'kind!': { oneOf: ['Component'] },
      resources: list(text),
      components: list(text),
      patches,
    }),
  ],
}
