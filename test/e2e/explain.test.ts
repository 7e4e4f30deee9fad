import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pushImage } from '../support/bases.ts'
import type { CommandResult } from '../support/command.ts'
import { type ContextEntry, makeContext } from '../support/context.ts'
import { cacheSummary, hearth } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { busybox } = scene
const { host } = scene.registry

type Files = Readonly<Record<string, ContextEntry>>

/** A context and a cache directory of its own, built as often as a test likes. */
class Project {
  readonly context: string
  readonly cache = scene.newDirectory()

  constructor(dockerfile: string, files: Files = {}) {
    this.context = makeContext(scene.directory, { Dockerfile: dockerfile, ...files })
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.context, name), text)
  }

  async run(...args: readonly string[]): Promise<CommandResult> {
    const common = ['--cache', '--cache-dir', this.cache, '--no-push', '--log-format', 'text']
    const result = await scene.attempt({ context: this.context, args: [...common, ...args] })
    assert.equal(result.code, 0, result.stderr)
    return result
  }

  /** What is said about misses: "COPY a b: a changed (content)". */
  async misses(...args: readonly string[]): Promise<readonly string[]> {
    const { stderr } = await this.run(...args)
    const lines = stderr.split('\n').flatMap((line) => /^INFO \[[^\]]+\] (.*)$/.exec(line)?.[1] ?? [])
    // The step itself, its end and its output are said as well.
    return lines.filter((line) => /^(RUN|COPY|ADD|WORKDIR)\b.*: /.test(line) && !/: (done in|cached \()/.test(line))
  }

  explain(...args: readonly string[]): Promise<CommandResult> {
    return hearth(['cache', 'explain', '--cache-dir', this.cache, '--log-format', 'text', ...args])
  }

  plan(...args: readonly string[]): Promise<CommandResult> {
    return hearth(['plan', '--cache', '--cache-dir', this.cache, '-c', this.context, ...args])
  }

  keys(): readonly string[] {
    return readdirSync(join(this.cache, 'entries')).map((name) => name.slice(0, 64))
  }
}

const files = { 'package.json': '{}', 'src/a.ts': 'a', b: 'b', gone: 'x' }
const node = 'FROM scratch\nWORKDIR /app\nCOPY package*.json ./\nCOPY . .\n'

test('the first build says once that nothing was built before, and one that hits everything says nothing', async () => {
  const project = new Project(node, files)
  assert.deepEqual(await project.misses(), ['WORKDIR /app: never built here before'])
  assert.deepEqual(await project.misses(), [])
})

test('files that changed are named with what changed about them, for the first step and what follows from nothing else', async () => {
  const project = new Project(node, files)
  await project.run()
  project.write('package.json', '{"name":"x"}')
  assert.deepEqual(await project.misses(), [
    'COPY package*.json ./: package.json changed (content)',
    'COPY . .: package.json changed (content); the step before it changed',
  ])
  project.write('src/a.ts', 'changed')
  project.write('new.txt', 'new')
  chmodSync(join(project.context, 'b'), 0o755)
  rmSync(join(project.context, 'gone'))
  assert.deepEqual(await project.misses(), [
    'COPY . .: 4 files changed: b (mode 0644→0755), +new.txt, src/a.ts (content), -gone',
  ])
  // As well without the index.
  rmSync(join(project.cache, 'index'), { recursive: true })
  project.write('src/a.ts', 'again')
  assert.deepEqual(await project.misses(), ['COPY . .: src/a.ts changed (content)'])
})

test('a RUN is explained by the variables, user and shell that changed, and what follows from it is not', async () => {
  const text = (lines: string): string => `FROM ${busybox}\n${lines}\nRUN echo made\nRUN true\n`
  const project = new Project(text('ARG GIT_SHA\nARG NPM_TOKEN\nENV MODE=dev'))
  const token = (value: string): string => `--build-arg=NPM_TOKEN=${value}`
  await project.run('--build-arg=GIT_SHA=a1b2', token('hunter2'))
  const edits: readonly { readonly lines: string; readonly args: readonly string[]; readonly says: string }[] = [
    {
      lines: 'ARG GIT_SHA\nARG NPM_TOKEN\nENV MODE=dev',
      args: ['--build-arg=GIT_SHA=c3d4', token('hunter2')],
      says: 'ARG GIT_SHA: a1b2→c3d4',
    },
    {
      lines: 'ARG GIT_SHA\nARG NPM_TOKEN\nENV MODE=dev',
      args: ['--build-arg=GIT_SHA=c3d4', token('hunter3')],
      says: 'ARG NPM_TOKEN: another value, which is not shown',
    },
    { lines: 'ENV MODE=dev', args: [], says: 'ARG GIT_SHA: -c3d4; ARG NPM_TOKEN: -***' },
    { lines: 'ENV MODE=live', args: [], says: 'ENV MODE: dev→live' },
    { lines: 'ENV MODE=live\nENV MORE=1', args: [], says: 'ENV MORE: +1' },
    { lines: 'ENV MODE=live\nENV MORE=1\nUSER 1', args: [], says: 'user: ""→1' },
    {
      lines: 'ENV MODE=live\nENV MORE=1\nUSER 1\nSHELL ["/bin/sh", "-ec"]',
      args: [],
      says: 'shell: /bin/sh -c→/bin/sh -ec',
    },
  ]
  for (const { lines, args, says } of edits) {
    project.write('Dockerfile', text(lines))
    const { stderr, stdout } = await project.run(...args)
    assert.ok(stderr.includes(`RUN echo made: ${says}\n`), `${says} in:\n${stderr}`)
    assert.equal(/hunter[23]/.test(stderr + stdout), false)
  }
  for (const key of project.keys()) assert.equal((await project.explain(key)).stdout.includes('hunter'), false)
})

test('a WORKDIR, a command and an option that changed are told by their values', async () => {
  const text = (dir: string, run: string, to: string): string =>
    `FROM ${busybox}\nRUN ${run}\nFROM scratch\nCOPY --chown=${to} a /\nWORKDIR ${dir}\n`
  const project = new Project(text('/one', 'echo one two', '1:1'), { a: 'a' })
  await project.run()
  project.write('Dockerfile', text('/one', 'echo one two', '2:2'))
  assert.deepEqual(await project.misses(), ['COPY --chown=2:2 a /: chown: 1:1→2:2'])
  project.write('Dockerfile', text('/two', 'echo one two', '2:2'))
  assert.deepEqual(await project.misses(), ['WORKDIR /two: path: /one→/two'])
})

test('a base that moved is named with both digests, in the first step only', async () => {
  const name = 'moving:1'
  const reference = await pushImage(scene.busyboxLayout, host, name)
  const project = new Project(`FROM ${reference}\nRUN echo one > /one\nRUN echo two > /two\n`)
  await project.run()
  // The same tag, with one more layer.
  const other = `FROM ${busybox}\nRUN echo newer > /newer\n`
  const pushed = await scene.attempt({ dockerfile: other, args: ['--destination', reference, '--insecure'] })
  assert.equal(pushed.code, 0, pushed.stderr)
  const said = await project.misses()
  assert.equal(said.length, 1, said.join('\n'))
  assert.match(
    said[0] ?? '',
    new RegExp(`^RUN echo one > /one: base ${reference} moved sha256:[0-9a-f]{12}…→sha256:[0-9a-f]{12}…$`),
  )
})

test('another base is named beside the one before', async () => {
  const project = new Project('FROM scratch\nCOPY a /\n', { a: 'a' })
  await project.run()
  project.write('Dockerfile', `FROM ${busybox}\nCOPY a /\n`)
  const [said] = await project.misses()
  assert.equal(said, `COPY a /: base scratch→${busybox}`)
})

test('a changed stage is told once where it changed, and by its name where its files are copied', async () => {
  const text = 'FROM scratch AS build\nCOPY a /\nFROM scratch\nCOPY --from=build /a /b\nFROM build\nCOPY c /\n'
  const project = new Project(text, { a: 'a', c: 'c' })
  const both = ['--target=1', '--target=2']
  await project.run(...both)
  project.write('a', 'changed')
  assert.deepEqual((await project.misses(...both)).toSorted(), [
    'COPY --from=build /a /b: stage build changed',
    'COPY a /: a changed (content)',
  ])
})

test('what is mounted is compared by the files in it', async () => {
  const project = new Project(`FROM ${busybox}\nRUN --mount=type=bind,source=src,target=/src cat /src/a > /a\n`, {
    'src/a': 'a',
    'src/b': 'b',
  })
  await project.run()
  project.write('src/b', 'changed')
  assert.deepEqual(await project.misses(), [
    'RUN --mount=type=bind,source=src,target=/src cat /src/a > /a: /src/b changed (content)',
  ])
})

test('a step that goes back to an older one below says which step that was', async () => {
  const project = new Project('FROM scratch\nCOPY a /\nCOPY b /\n', { a: 'one', b: 'b' })
  await project.run()
  project.write('a', 'two')
  await project.run()
  project.write('Dockerfile', 'FROM scratch\nCOPY a /\nCOPY b /c\n')
  project.write('a', 'one')
  await project.run()
  project.write('a', 'two')
  assert.deepEqual(await project.misses(), ['COPY b /c: below it, COPY a /: a changed (content)'])
})

test('an inserted step is new, and the ones after it only follow', async () => {
  const project = new Project('FROM scratch\nWORKDIR /w\nCOPY a /\nCOPY b /\n', { a: 'a', b: 'b' })
  await project.run()
  project.write('Dockerfile', 'FROM scratch\nWORKDIR /w\nCOPY c /c/d/\nCOPY a /\nCOPY b /\n')
  project.write('c', 'c')
  assert.deepEqual(await project.misses(), ['COPY c /c/d/: never built here before'])
})

test('what has expired, lost its blob or is damaged is said to be', async () => {
  const project = new Project('FROM scratch\nCOPY a /\n', { a: 'a' })
  await project.run()
  await sleep(1100)
  const [expired] = await project.misses('--cache-ttl=1s')
  assert.match(expired ?? '', /^COPY a \/: the cached layer has expired \(TTL 1s, made at 20\d\d-.*Z\)$/)
  const [key] = project.keys()
  const entry = join(project.cache, 'entries', `${key}.json`)
  const { layer } = JSON.parse(readFileSync(entry, 'utf8'))
  rmSync(join(project.cache, 'blobs', ...layer.digest.split(':')))
  assert.deepEqual(await project.misses(), [`COPY a /: its blob ${layer.digest} is missing`])
  chmodSync(entry, 0o644)
  writeFileSync(entry, '{}')
  assert.deepEqual(await project.misses(), ['COPY a /: its cache entry is damaged'])
})

test('a layer that belongs to another run of the command below is said to', async () => {
  const project = new Project(`FROM ${busybox}\nRUN date +%s%N > /now\nRUN echo next > /next\n`)
  await project.run()
  const { stdout } = await project.plan('--format=json')
  const key = JSON.parse(stdout).stages[0].steps[0].key.digest
  rmSync(join(project.cache, 'entries', `${key}.json`))
  assert.deepEqual(await project.misses(), [
    'RUN date +%s%N > /now: never built here before',
    'RUN echo next > /next: the cached layer was made on other results of earlier commands',
  ])
})

test('with a cache repository alone, it is only said that it does not have the step', async () => {
  const project = new Project('FROM scratch\nCOPY a /\n', { a: 'a' })
  const repository = [`--cache-repo=${host}/explained/cache`, '--cache-copy-layers', '--cache-dir=/proc/none']
  assert.deepEqual(await project.misses(...repository), ['COPY a /: not in the cache repository'])
  const again = await project.run(...repository)
  assert.equal(cacheSummary(again).remote, 1)
})

test('an entry that does not say where its step stood still hits, and nothing is compared with it', async () => {
  const project = new Project('FROM scratch\nCOPY a /\n', { a: 'a' })
  await project.run()
  const [key] = project.keys()
  const path = join(project.cache, 'entries', `${key}.json`)
  const { about: _about, checksum: _checksum, ...old } = JSON.parse(readFileSync(path, 'utf8'))
  const { canonicalJson } = await import('../../cache/key.ts')
  const { digestOf } = await import('../../src/oci/digest.ts')
  writeFileSync(path, canonicalJson({ ...old, checksum: digestOf(canonicalJson(old)) }))
  rmSync(join(project.cache, 'index'), { recursive: true })
  assert.equal(cacheSummary(await project.run()).local, 1)
  project.write('a', 'changed')
  assert.deepEqual(await project.misses(), ['COPY a /: never built here before'])
})

test('--explain=json prints one line for each miss on standard output, --explain=off none anywhere', async () => {
  const project = new Project(node, files)
  await project.run()
  project.write('package.json', '{"name":"x"}')
  const { stdout, stderr } = await project.run('--explain=json')
  assert.equal(stderr.includes('package.json changed'), false)
  const [first, second] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(Object.keys(first), [
    ...['explain', 'stage', 'line', 'instruction', 'key', 'reason', 'why', 'follows', 'nearest', 'differences'],
  ])
  assert.deepEqual(
    [first.explain, first.stage, first.line, first.instruction, first.reason, first.why, first.follows],
    [1, 'stage 0', 3, 'COPY package*.json ./', 'changed', 'package.json changed (content)', false],
  )
  assert.equal(first.nearest.instruction, 'COPY package*.json ./')
  assert.equal(first.differences[0].path, 'package.json')
  assert.deepEqual([second.line, second.differences[0].kind], [4, 'place'])
  project.write('package.json', '{"name":"y"}')
  const off = await project.run('--explain=off')
  assert.equal(off.stdout, '')
  assert.equal(off.stderr.includes('package.json changed'), false)
})

test('a plan gives the reasons that the build will give', async () => {
  const project = new Project(node, files)
  await project.run()
  project.write('package.json', '{"name":"x"}')
  const { stdout } = await project.plan('--format=json')
  const reasons = JSON.parse(stdout).stages[0].steps.map((step: { cache: { why: string | null } }) => step.cache.why)
  assert.deepEqual(reasons, [
    null,
    'package.json changed (content)',
    'package.json changed (content); the step before it changed',
  ])
  assert.deepEqual(
    await project.misses(),
    ['COPY package*.json ./', 'COPY . .'].map((text, i) => `${text}: ${reasons[i + 1]}`),
  )
})

test('"cache explain" compares by key, prefix, text and line, and lists what it cannot tell apart', async () => {
  const project = new Project(node, files)
  await project.run()
  const before = new Set(project.keys())
  project.write('src/a.ts', 'changed')
  await project.run()
  const [key = ''] = project.keys().filter((name) => !before.has(name))
  const whole = await project.explain(key)
  assert.equal(whole.code, 0, whole.stderr)
  assert.match(whole.stdout, /^COPY \. \.\n {2}src\/a\.ts changed \(content\)\n/)
  assert.match(whole.stdout, /\n≠ key +[0-9a-f]{64}\n +[0-9a-f]{64}\n/)
  assert.match(whole.stdout, /\n {2}destination +"\/app\/"\n/)
  assert.match(whole.stdout, /\n≠ src\/a\.ts\n {4}content {2}sha256:[0-9a-f]{64} → sha256:[0-9a-f]{64}\n/)
  for (const wanted of [key.slice(0, 8), 'COPY . .', 'Dockerfile:4', 'stage 0:4']) {
    assert.equal((await project.explain(wanted)).stdout, whole.stdout, wanted)
  }
  const ambiguous = await project.explain('COPY')
  assert.equal(ambiguous.code, 1)
  assert.match(ambiguous.stderr, /"COPY" fits 2 steps/)
  assert.match(ambiguous.stderr, new RegExp(`${key.slice(0, 12)} .* COPY \\. \\. .*Dockerfile:4`))
  const unknown = await project.explain('RUN nothing')
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /No cached layer fits "RUN nothing"/)
  const document = JSON.parse((await project.explain(key, '--format=json')).stdout)
  assert.deepEqual(Object.keys(document), ['version', 'why', 'before', 'after', 'differences'])
  assert.equal(document.after.key, key)
  assert.equal(document.after.files.length, document.before.files.length)
})
