import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { startHttpServer } from '../../support/http-server.ts'
import { runIn } from '../../support/isolated.ts'
import { startRegistry } from '../../support/registry.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { testClient } from '../registry/test-client.ts'
import { makeImage, pushImage } from '../warmer/publish.ts'
import { type Run, runWarmerWith, type Surroundings } from './run-warmer.ts'

const directory = temporaryDirectory({ after })
const registry = await startRegistry()
after(() => registry.stop())
const { client, [Symbol.asyncDispose]: close } = testClient()
after(close)
for (const name of ['one', 'two', 'three']) {
  await pushImage(client, `${registry.host}/${name}:1`, await makeImage(directory, [name]))
}
const [one, two, three] = ['one', 'two', 'three'].map((name) => `${registry.host}/${name}:1`) as [
  string,
  string,
  string,
]

function run(argv: readonly string[], o: Partial<Surroundings> = {}): Promise<Run> {
  return runWarmerWith(argv, { cwd: directory, ...o })
}

function newCache(): string {
  return join(mkdtempSync(join(directory, 'cache-')), 'new')
}

function namesIn(cache: string): readonly string[] {
  const index = JSON.parse(readFileSync(join(cache, 'index.json'), 'utf8'))
  const all: { annotations: Record<string, string> }[] = index.manifests
  return all.map(({ annotations }) => annotations['org.opencontainers.image.ref.name'] ?? '').sort()
}

const plain = ['--log-format=text']

test('what was warmed is said line by line on standard error, with a summary, and as a table on standard output', async () => {
  const cache = newCache()
  const first = await run(['-i', one, '-i', two, '-c', cache, ...plain])
  assert.equal(first.code, 0)
  const [titles, ...rows] = first.stdout.trimEnd().split('\n')
  assert.match(titles ?? '', /^OUTCOME +IMAGE +PLATFORM +DIGEST +LAYERS +TRANSFERRED +SECONDS$/)
  for (const [i, name] of [one, two].entries()) {
    const row = rows[i]?.split(/ {2,}/) ?? []
    assert.deepEqual([row[0], row[1], row[4]], ['warmed', name, '1'])
    assert.match(row.slice(2).join(' '), /^linux\/\w+ sha256:[0-9a-f]{12} 1 0\.\d kB \d+\.\d$/)
  }
  assert.equal(rows.length, 2)
  const lines = first.stderr
    .trim()
    .split('\n')
    .filter((line) => !line.endsWith(' to transfer'))
  assert.equal(lines.length, 3)
  for (const [i, name] of [one, two].entries()) {
    const line = lines.slice(0, 2).sort()[i] ?? ''
    assert.ok(line.startsWith(`INFO ${name} (linux/`), line)
    assert.match(line, /: warmed, sha256:[0-9a-f]{64}, 1 layer of [\d.]+ kB transferred$/)
  }
  assert.equal(lines[2], 'INFO 2 images: 2 warmed')
  const second = await run(['-i', one, '-i', three, '-c', cache, ...plain])
  assert.match(second.stderr, /INFO 2 images: 1 warmed, 1 already warm\n$/)
  assert.deepEqual(namesIn(cache), [one, three, two].sort())
})

test('what fails is told with its own error, then counted, and the exit code is 32, or 1 where nothing could be warmed', async () => {
  const cache = newCache()
  const gone = `${registry.host}/gone:1`
  const { code, stdout, stderr } = await run(['-i', gone, '-i', one, '-c', cache, ...plain])
  assert.equal(code, 32)
  assert.match(stdout, /^failed: registry-not-found {2}\S+gone:1 +linux\/\w+ +- +- +- +\d/m)
  const inVain = await run(['-i', gone, '-c', cache, ...plain])
  assert.equal(inVain.code, 1)
  assert.match(inVain.stderr, /error\[warm-failed\]: 1 of 1 image could not be warmed/)
  assert.match(stderr, /error\[registry-not-found\]: .*gone:1 does not exist\n/)
  assert.match(stderr, /INFO 2 images: 1 warmed, 1 failed\n/)
  assert.match(stderr, /error\[warm-failed\]: 1 of 2 images could not be warmed\n {2}why: {3}\S+gone:1\n {2}fix: .*\n$/)
  assert.deepEqual(namesIn(cache), [one])
})

test("with --fail-on=all, kaniko's way, only a run in which nothing could be warmed fails", async () => {
  const cache = newCache()
  const gone = `${registry.host}/gone:1`
  const some = await run(['-i', gone, '-i', one, '-c', cache, '--fail-on=all', ...plain])
  assert.equal(some.code, 0)
  assert.match(some.stderr, /error\[registry-not-found\].*INFO 2 images: 1 warmed, 1 failed\n$/s)
  assert.equal((await run(['-i', gone, '-c', cache, '--fail-on=all', ...plain])).code, 1)
})

test('an image whose name is none stops no other', async () => {
  const cache = newCache()
  const { code, stderr } = await run(['-i', 'BAD REF', '-i', one, '-c', cache, ...plain])
  assert.equal(code, 32)
  assert.match(stderr, /^error\[reference-invalid\]: --image: "BAD REF"/m)
  assert.match(stderr, /error\[warm-failed\]: 1 of 2 images could not be warmed\n {2}why: {3}BAD REF\n/)
  assert.deepEqual(namesIn(cache), [one])
})

test('as JSON every line can be read by a program, errors too', async () => {
  const { stderr } = await run(['-i', `${registry.host}/gone:1`, '-i', one, '-c', newCache(), '--log-format=json'])
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(lines.map(({ level }) => level).sort(), ['error', 'error', 'info', 'info', 'info'])
  assert.deepEqual(
    lines.flatMap(({ code }) => code ?? []),
    ['registry-not-found', 'warm-failed'],
  )
})

test('how much is said can be chosen', async () => {
  const cache = newCache()
  assert.deepEqual(await run(['-i', one, '-c', cache, '-v', 'error']), { code: 0, stdout: '', stderr: '' })
  const env = { FF_KANIKO_OCI_WARMER: 'true' }
  const { stderr } = await run(['-i', one, '-c', cache, '-vdebug', '--customPlatform=linux/amd64', ...plain], { env })
  assert.match(stderr, /^DEBU feature switches have no effect: FF_KANIKO_OCI_WARMER$/m)
  assert.match(stderr, /^WARN .*--customPlatform has been deprecated/m)
})

test('a Dockerfile says what to warm, and its path is looked for from the working directory', async () => {
  const [cache, cwd] = [newCache(), mkdtempSync(join(directory, 'cwd-'))]
  const text = `ARG BASE=one\nARG OTHER=none\nFROM ${registry.host}/\${BASE}:1 AS a\nFROM ${registry.host}/$OTHER:1\nFROM a\nCOPY --from=${three} / /\n`
  writeFileSync(join(cwd, 'their.Dockerfile'), text)
  const argv = ['-d', 'their.Dockerfile', '--build-arg', 'OTHER', '-c', cache, ...plain]
  const { code, stderr } = await run(argv, { cwd, env: { OTHER: 'two' } })
  assert.equal(code, 0, stderr)
  assert.deepEqual(namesIn(cache), [one, three, two].sort())
})

test('images and a Dockerfile add up', async () => {
  const [cache, cwd] = [newCache(), mkdtempSync(join(directory, 'cwd-'))]
  writeFileSync(join(cwd, 'Dockerfile'), `FROM ${one}\n`)
  const { code, stderr } = await run(['-d', 'Dockerfile', '-i', two, '-i', one, '-c', cache, ...plain], { cwd })
  assert.equal(code, 0, stderr)
  assert.match(stderr, /2 images: 2 warmed/)
})

test('a Dockerfile that is missing, is malformed or is built on nothing', async () => {
  const cwd = mkdtempSync(join(directory, 'cwd-'))
  const warmed = (text: string): Promise<Run> => {
    writeFileSync(join(cwd, 'Dockerfile'), text)
    return run(['-d', 'Dockerfile', '-c', newCache(), ...plain], { cwd })
  }
  const missing = await run(['-d', 'none', '-c', newCache(), ...plain], { cwd })
  assert.match(missing.stderr, /^error\[dockerfile-missing\]: There is no Dockerfile "none"/)
  const malformed = await warmed('FROM a\nRUM x\n')
  assert.match(malformed.stderr, /^error\[dockerfile-\w+\]: .*\n {2}where: Dockerfile:2/)
  const empty = await warmed(`FROM ${registry.host}/$\{NOTHING}\n`)
  assert.match(empty.stderr, /^ {2}where: Dockerfile:1:1\n +1 \| FROM /m)
  assert.deepEqual([missing.code, malformed.code, empty.code], [1, 1, 1])
  const scratch = await warmed('FROM scratch\n')
  assert.equal(scratch.code, 0)
  assert.match(scratch.stderr, /^WARN Dockerfile is built upon no image/m)
})

test('a relative cache directory and a relative layout start from the working directory', async () => {
  const cwd = mkdtempSync(join(directory, 'cwd-'))
  assert.equal((await run(['-i', one, '-c', 'first', ...plain], { cwd })).code, 0)
  const { code, stderr } = await run(['-i', `oci:first:${one}`, '-c', 'second', ...plain], { cwd })
  assert.equal(code, 0, stderr)
  assert.deepEqual(namesIn(join(cwd, 'second')), [one])
})

test('a command line that makes no sense prints the usage on standard error, and help goes to standard output', async () => {
  const wrong = await run(['--imagee', 'x'])
  assert.deepEqual([wrong.code, wrong.stdout], [1, ''])
  assert.match(wrong.stderr, /^Error: unknown flag: --imagee\nDid you mean -i, --image\?\n\nKeeps .*\n\nUsage:\n/)
  const help = await run(['--help'])
  assert.deepEqual([help.code, help.stderr], [0, ''])
  assert.match(help.stdout, /^Keeps .*--cache-dir/s)
  const version = await run(['version'])
  assert.match(version.stdout, /^hearth version : \d+\.\d+\.\d+\n$/)
})

test('a cache directory that cannot be written is one clear error, before anything is downloaded', async () => {
  const cache = mkdtempSync(join(directory, 'cache-'))
  const program = join(import.meta.dirname, '../warmer/children/run-warmer.ts')
  const argv = [process.execPath, program, '-i', two, '-c', cache, ...plain]
  const before = registry.log().length
  const { code, stdout, stderr } = await runIn({ readOnly: [cache] }, argv)
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(
    stderr,
    /^error\[cache-unusable\]: No images can be kept in the cache directory \S+\n {2}why: {3}it is read-only\n/,
  )
  assert.equal(stderr.match(/error\[/g)?.length, 1)
  assert.doesNotMatch(registry.log().slice(before), /GET/)
  const unreal = join(directory, 'a-file')
  writeFileSync(unreal, '')
  assert.match((await run(['-i', two, '-c', unreal, ...plain])).stderr, /^error\[cache-unusable\]/)
})

test('a disk that is too small is named, and nothing half written stays', async () => {
  const cache = mkdtempSync(join(directory, 'cache-'))
  const program = join(import.meta.dirname, '../warmer/children/run-warmer.ts')
  const big = `${registry.host}/big:1`
  await pushImage(client, big, await makeImage(directory, ['big'.repeat(20), 'x'.repeat(40)]))
  const script = `${process.execPath} ${program} -i ${big} -c ${cache} --log-format=text; code=$?; find ${cache} -name '*.tmp'; exit $code`
  const { code, stdout, stderr } = await runIn({ tiny: [{ directory: cache, bytes: 8192 }] }, ['sh', '-c', script])
  assert.equal(code, 1)
  assert.doesNotMatch(stdout, /\.tmp/)
  assert.match(stdout, /^failed: disk-full /m)
  assert.match(stderr, /error\[disk-full\]/)
  assert.match(stderr, /error\[warm-failed\]/)
})

test('an interruption is told once, and not as a failure of each image', async () => {
  const reason = new HearthError({ code: 'interrupted', message: 'Interrupted by SIGTERM', exitCode: 143 })
  const signal = AbortSignal.abort(reason)
  const { code, stderr } = await run(['-i', one, '-i', two, '-c', newCache(), ...plain], { signal })
  assert.deepEqual([code, stderr], [143, 'error[interrupted]: Interrupted by SIGTERM\n'])
})

test('mirrors from the flags and the environment are asked in place of Docker Hub', async () => {
  await pushImage(client, `${registry.host}/library/mirrored:1`, await makeImage(directory, ['mirrored']))
  const byFlag = await run(['-i', 'mirrored:1', '-c', newCache(), '--registry-mirror', registry.host, ...plain])
  assert.equal(byFlag.code, 0, byFlag.stderr)
  const env = { KANIKO_REGISTRY_MAP: `registry.invalid=${registry.host}/library` }
  const byMap = await run(['-i', 'registry.invalid/mirrored:1', '-c', newCache(), ...plain], { env })
  assert.equal(byMap.code, 0, byMap.stderr)
})

test('a Dockerfile is downloaded, and nothing secret of its address is shown', async () => {
  await using web = await startHttpServer((request, response) => {
    const isAllowed = request.headers.authorization === `Basic ${btoa('me:pass word')}`
    if (!isAllowed) response.writeHead(403).end()
    else if (request.url?.startsWith('/moved') === true) response.writeHead(302, { location: '/app/Dockerfile' }).end()
    else response.end(`FROM ${one}\n`)
  })
  const cache = newCache()
  const address = (login: string, path: string): string => `http://${login}@${web.host}/${path}?token=hidden`
  const argv = ['-d', address('me:pass%20word', 'moved'), '-c', cache, '--format=json', ...plain]
  const { code, stdout, stderr } = await run(argv)
  assert.equal(code, 0, stderr)
  assert.deepEqual(JSON.parse(stdout).images[0].wantedBy, [`http://${web.host}/moved`])
  const refused = await run([
    '-d',
    address('me:wrong', 'x'),
    '-d',
    'http://127.0.0.1:1/y',
    '-i',
    one,
    '-c',
    cache,
    ...plain,
  ])
  assert.equal(refused.code, 32)
  assert.match(refused.stderr, /error\[dockerfile-missing\]: .*\/x cannot be downloaded\n.*\n {2}why: .* is 403\n/)
  assert.match(refused.stderr, /error\[dockerfile-missing\]: .*:1\/y cannot be downloaded\n/)
  for (const secret of ['wrong', 'hidden', 'pass']) assert.equal(`${stderr}${refused.stderr}`.includes(secret), false)
})
