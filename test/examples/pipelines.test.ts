import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type CommandResult, succeeded } from '../support/command.ts'
import { checkout } from '../support/dist.ts'
import type { SecurityContext } from '../support/kube-objects.ts'
import { commandsRun, login, openKubeScene } from '../support/kube-scene.ts'

// The steps of the pipelines, run by podman as each system would run them. What a system fills in is filled in here.

const scene = await openKubeScene(['executor', 'debug'])
const { host } = scene.registry
const page = readFileSync(join(scene.application, 'index.html'), 'utf8')
const mirror = ['--env', `KANIKO_REGISTRY_MIRROR=${host}`]
const network = ['--network', 'host', ...mirror]

const docker = join(scene.directory, 'docker-config')
mkdirSync(docker)
writeFileSync(join(docker, 'config.json'), JSON.stringify({ auths: { [host]: login } }))

test("GitLab's job logs in, builds its project and keeps the digest", async () => {
  const [pipeline] = (await scene.read('gitlab-ci/.gitlab-ci.yml')) as readonly Record<string, GitLabJob>[]
  const { image, script } = pipeline!.image!
  const project = projectDirectory()
  const variables = {
    CI_PROJECT_DIR: '/builds/team/app',
    CI_REGISTRY: host,
    CI_REGISTRY_USER: login.username,
    CI_REGISTRY_PASSWORD: login.password,
    CI_REGISTRY_IMAGE: `${host}/gitlab/app`,
    CI_COMMIT_SHORT_SHA: '1234abcd',
  }
  const given = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  const place = ['--volume', `${project}:/builds/team/app`, '--workdir', '/builds/team/app']
  // The empty entry point of the file, and the shell that the runner looks for.
  const shell = ['--entrypoint', image.entrypoint[0]!, image.name, 'sh', '-ec', script.join('\n')]
  await podman(['run', '--rm', ...network, ...given, ...place, ...shell])
  await assertApplication('gitlab/app:1234abcd')
  const { Digest } = await scene.inspect('gitlab/app:latest')
  assert.equal(readFileSync(join(project, 'image-digest.txt'), 'utf8'), Digest)
})

test("Tekton's task builds a workspace and gives the results that Chains looks for", async () => {
  const [task] = (await scene.read('tekton/task.yaml')) as readonly { spec: { steps: readonly TektonStep[] } }[]
  const results = mkdtempSync(join(scene.directory, 'results-'))
  chmodSync(results, 0o777)
  const params: Readonly<Record<string, string>> = {
    IMAGE: `${host}/tekton/app:1`,
    CONTEXT: '.',
    DOCKERFILE: 'Dockerfile',
  }
  const fill = (text: string): string => {
    return text
      .replaceAll('$(workspaces.source.path)', '/workspace/source')
      .replace(/\$\(results\.(\w+)\.path\)/g, '/tekton/results/$1')
      .replace(/\$\(params\.(\w+)\)/g, (_, name) => params[name]!)
  }
  const volumes = [
    `${projectDirectory()}:/workspace/source`,
    `${docker}:/kaniko/.docker:ro`,
    `${results}:/tekton/results`,
  ]
  for (const { image, command = [], args = [], script, env = [], workingDir, securityContext } of task!.spec.steps) {
    const flags = [...network, ...volumes.flatMap((volume) => ['--volume', volume]), ...flagsOf(securityContext)]
    flags.push(...env.flatMap(({ name, value }) => ['--env', `${name}=${fill(value)}`]))
    if (workingDir !== undefined) flags.push('--workdir', fill(workingDir))
    // An array that is an argument of its own becomes as many arguments as it has items.
    const items = args.flatMap((arg) => (arg === '$(params.EXTRA_ARGS[*])' ? ['--label=made-by=tekton'] : [fill(arg)]))
    const entrypoint = script === undefined ? command : [scriptFile(fill(script), flags)]
    await podman(['run', '--rm', ...flags, '--entrypoint', JSON.stringify(entrypoint), image, ...items])
  }
  const result = (name: string): string => readFileSync(join(results, name), 'utf8')
  const { Digest, Labels } = await scene.inspect('tekton/app:1')
  assert.deepEqual(
    [result('IMAGE_DIGEST'), result('IMAGE_URL'), Labels],
    [Digest, params.IMAGE, { 'made-by': 'tekton' }],
  )
  await assertApplication('tekton/app:1')
})

test("Argo's template builds its artifact and gives the digest", async () => {
  const [template] = (await scene.read('argo/workflow-template.yaml')) as readonly { spec: ArgoSpec }[]
  const { arguments: given, templates } = template!.spec
  const values = new Map(given.parameters.map(({ name, value }) => [name, value.replace('team/', 'argo/')]))
  const { container, inputs, outputs } = templates[0]!
  const fill = (text: string): string =>
    text.replace(/\{\{workflow\.parameters\.(\w+)\}\}/g, (_, name) => values.get(name)!)
  const volumes = [`${projectDirectory()}:${inputs.artifacts[0]!.path}`, `${docker}:/kaniko/.docker:ro`]
  const flags = [
    ...network,
    ...volumes.flatMap((volume) => ['--volume', volume]),
    ...flagsOf(container.securityContext),
  ]
  const entrypoint = ['--entrypoint', JSON.stringify(container.command), container.image]
  await podman(['run', '--name', 'argo', ...flags, ...entrypoint, ...container.args.map(fill)])
  const copied = join(scene.directory, 'argo-digest')
  await podman(['cp', `argo:${outputs.parameters[0]!.valueFrom.path}`, copied])
  await podman(['rm', 'argo'])
  assert.equal(readFileSync(copied, 'utf8'), (await scene.inspect('argo/app:1')).Digest)
  await assertApplication('argo/app:1')
})

test("Cloud Build's steps log in with a token of Google's and build what was submitted", async () => {
  const [build] = (await scene.read('cloudbuild/cloudbuild.yaml')) as readonly { steps: readonly CloudBuildStep[] }[]
  const [logIn, make] = build!.steps
  const given: Readonly<Record<string, string>> = {
    _REGISTRY: host,
    _REPOSITORY: 'team',
    PROJECT_ID: 'project',
    BUILD_ID: '42',
  }
  const fill = (text: string): string => text.replace(/\$(_?[A-Z][A-Z_]*)/g, (_, name) => given[name]!)
  const written = mkdtempSync(join(scene.directory, 'cloud-'))
  const tools = program('gcloud', '#!/bin/sh\n[ "$*" = "auth print-access-token" ] && echo ya29.token\n')
  const script = logIn!.args.map((arg) => fill(arg).replace('/kaniko/.docker', written))
  const env = { PATH: `${tools}:/usr/bin:/bin` }
  succeeded(await scene.node.run([logIn!.entrypoint!, ...script], { env }), script)
  assert.deepEqual(JSON.parse(readFileSync(join(written, 'config.json'), 'utf8')), {
    auths: { [host]: { username: 'oauth2accesstoken', password: 'ya29.token' } },
  })
  const volumes = ['--volume', `${projectDirectory()}:/workspace`, '--volume', `${docker}:${make!.volumes[0]!.path}`]
  await podman(['run', '--rm', ...network, ...volumes, make!.name, ...make!.args.map(fill)])
  await assertApplication('project/team/app:42')
})

test("GitHub's step builds the checked out commit with docker", async () => {
  const [workflow] = (await scene.read('github-actions/workflow.yml')) as readonly { jobs: { image: GitHubJob } }[]
  const { env, steps } = workflow!.jobs.image
  const home = mkdtempSync(join(scene.directory, 'home-'))
  cpSync(docker, join(home, '.docker'), { recursive: true })
  const given = {
    ...env,
    DESTINATION: env.DESTINATION.replace('ghcr.io', host),
    GITHUB_SHA: 'abcdef',
    GITHUB_WORKSPACE: projectDirectory(),
    HOME: home,
    PATH: `${dockerProgram()}:${process.env.PATH}`,
  }
  const script = steps.find(({ run }) => run !== undefined)!.run!
  const ran = await scene.node.run(['bash', '-e', '-c', script], { env: given })
  assert.equal(ran.code, 0, ran.stderr)
  await assertApplication('my-team/app:abcdef')
})

test('the script builds with podman, with docker, and from the cache the second time', async () => {
  const env = { HEARTH_IMAGE: 'localhost/executor', DOCKER_CONFIG: docker, HEARTH_CACHE: join(scene.directory, 'kept') }
  const first = await script([scene.application, `${host}/script/app:1`], {
    ...env,
    CONTAINER_TOOL: 'podman',
    CONTAINER_FLAGS: network.join(' '),
  })
  assert.equal(first.code, 0, first.stderr)
  const second = await script([scene.application, `${host}/script/app:2`, '--label', 'made by=hand'], {
    ...env,
    PATH: `${dockerProgram()}:${process.env.PATH}`,
  })
  assert.equal(second.code, 0, second.stderr)
  assert.match(second.stderr, /cache: [1-9]\d* hits? \(local [1-9].*, 0 misses/)
  assert.deepEqual((await scene.inspect('script/app:2')).Labels, { 'made by': 'hand' })
  await assertApplication('script/app:2')
})

test('the script says how it is called', async () => {
  for (const args of [[], ['/nonexistent', 'app:1']]) {
    const ran = await script(args, {})
    assert.equal(ran.code, 2)
    assert.match(ran.stderr, /usage: .*run\.sh CONTEXT DESTINATION \[FLAG\.\.\.\]/)
  }
})

interface GitLabJob {
  readonly image: { readonly name: string; readonly entrypoint: readonly string[] }
  readonly script: readonly string[]
}

interface TektonStep {
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly script?: string
  readonly env?: readonly { readonly name: string; readonly value: string }[]
  readonly workingDir?: string
  readonly securityContext?: SecurityContext
}

interface ArgoSpec {
  readonly arguments: { readonly parameters: readonly { readonly name: string; readonly value: string }[] }
  readonly templates: readonly {
    readonly inputs: { readonly artifacts: readonly { readonly path: string }[] }
    readonly container: {
      readonly image: string
      readonly command: readonly string[]
      readonly args: readonly string[]
      readonly securityContext: SecurityContext
    }
    readonly outputs: { readonly parameters: readonly { readonly valueFrom: { readonly path: string } }[] }
  }[]
}

interface CloudBuildStep {
  readonly name: string
  readonly entrypoint?: string
  readonly args: readonly string[]
  readonly volumes: readonly { readonly path: string }[]
}

interface GitHubJob {
  readonly env: { readonly DESTINATION: string; readonly HEARTH: string }
  readonly steps: readonly { readonly run?: string }[]
}

async function podman(args: readonly string[]): Promise<void> {
  succeeded(await scene.node.run(['podman', ...args]), ['podman', ...args])
}

function script(args: readonly string[], env: Readonly<Record<string, string>>): Promise<CommandResult> {
  return scene.node.run([join(checkout, 'examples/docker/run.sh'), ...args], { env })
}

/** What a container runtime makes of a security context. */
function flagsOf({ runAsUser, allowPrivilegeEscalation, capabilities }: SecurityContext = {}): readonly string[] {
  const { add = [], drop = [] } = capabilities ?? {}
  return [
    ...drop.flatMap((name) => ['--cap-drop', name]),
    ...add.flatMap((name) => ['--cap-add', name]),
    ...(runAsUser === undefined ? [] : ['--user', String(runAsUser)]),
    ...(allowPrivilegeEscalation === false ? ['--security-opt', 'no-new-privileges'] : []),
  ]
}

/** A copy of the application: what a system checks out for one job. */
function projectDirectory(): string {
  const project = mkdtempSync(join(scene.directory, 'project-'))
  cpSync(scene.application, project, { recursive: true })
  return project
}

/** Writes a script for a container and adds its volume to the flags; gives its path there. */
function scriptFile(text: string, flags: string[]): string {
  const path = join(mkdtempSync(join(scene.directory, 'script-')), 'script')
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  flags.push('--volume', `${path}:/tekton/scripts/script:ro`)
  return '/tekton/scripts/script'
}

/** A directory for PATH, with one program. */
function program(name: string, text: string): string {
  const directory = mkdtempSync(join(scene.directory, 'bin-'))
  writeFileSync(join(directory, name), text)
  chmodSync(join(directory, name), 0o755)
  return directory
}

/** podman under docker's name, on the network where the test's registry is. */
function dockerProgram(): string {
  return program('docker', `#!/bin/sh\n[ "$1" = run ] || exit 1\nshift\nexec podman run ${network.join(' ')} "$@"\n`)
}

async function assertApplication(name: string): Promise<void> {
  const command = commandsRun ? 'cat /srv/www/index.html /srv/www/size.txt' : 'cat /srv/www/index.html'
  const size = commandsRun ? `${page.length}\n` : ''
  assert.equal(await scene.runPushed(name, ['sh', '-c', command]), `${page}${size}`)
}
