import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { CommandResult } from '../../support/command.ts'
import { type InPlaceImage, makeInPlaceImage, sourceDirectory } from '../../support/in-place-image.ts'
import { temporaryDirectory } from '../../support/temp.ts'

// Commands in place have the machine's root: everything here runs in containers of an image that has hearth's /kaniko.

const directory = temporaryDirectory({ after })
const children = `${sourceDirectory}/test/unit/run/children`
const suite = ['/kaniko/bin/node', '--test-reporter=tap', `${children}/in-place-suite.ts`]

/** What must be granted at least. */
const least = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETFCAP', 'SETUID', 'SETGID', 'KILL']

const made: { image?: InPlaceImage; flags: readonly string[] } = { flags: [] }
before(async () => {
  made.image = await makeInPlaceImage(directory)
  const mounted = join(directory, 'mounted')
  mkdirSync(mounted)
  writeFileSync(join(mounted, 'file'), 'of the machine\n')
  made.flags = ['--volume', `${mounted}:/mounted:ro`]
})

async function runInContainer(command: readonly string[], flags: readonly string[] = []): Promise<CommandResult> {
  assert.ok(made.image !== undefined)
  return made.image.run(command, [...made.flags, ...flags])
}

test('every promise is kept in a container with the usual capabilities, as its first process', async () => {
  assertSuite(await runInContainer(suite))
})

test('every promise is kept with the least capabilities, below another process', async () => {
  const shell = ['/kaniko/bin/busybox', 'sh', '-c', '"$@"; exit $?', 'sh']
  assertSuite(await runInContainer([...shell, ...suite], leastCapabilities()))
})

test('what the container may not do is known before anything is done', async () => {
  const all = await tell([])
  assert.deepEqual([all.pid, all.ownImage, all.refusal], [1, true, undefined])
  assert.deepEqual((await tell([], ['--cap-add=ALL'])).missing, [])
  const least = await tell([], leastCapabilities())
  assert.deepEqual([least.missing, least.refusal], [['MKNOD', 'SYS_CHROOT'], undefined])
  const fewer = await tell([], leastCapabilities('FSETID', 'SETFCAP'))
  assert.deepEqual(fewer.missing, ['FSETID', 'SETFCAP', 'MKNOD', 'SYS_CHROOT'])
  assert.match(fewer.refusal ?? '', /^run-unavailable: .*lacks CAP_FSETID\. .*capabilities: \{add: \[FSETID\]\}/)
})

test("/var/run is the image's, but for what is mounted in it", async () => {
  const paths = ['/var/run', '/var/run/other', '/var', '/run', '/var/running', '/var/run/secrets/cluster/x']
  assert.deepEqual((await tell(paths)).ignored, [])
  const token = ['--volume', `${join(directory, 'mounted')}:/var/run/secrets/cluster:ro`]
  assert.deepEqual((await tell(paths, token)).ignored, ['/var/run/secrets/cluster/x'])
})

test('a command whose user the container may not become is an error that says what to grant', async () => {
  const flags = leastCapabilities('SETUID', 'SETGID')
  const ran = await runInContainer(['/kaniko/bin/node', `${children}/run-in-place.ts`, '/', 'true', '1234'], flags)
  const { error } = JSON.parse(ran.stdout) as { readonly error: Readonly<Record<string, string>> }
  assert.equal(error.code, 'run-unavailable')
  assert.match(error.why ?? '', /EPERM|not permitted/)
  assert.match(error.fix ?? '', /SETUID/)
})

interface Told {
  readonly pid: number
  readonly ownImage: boolean
  readonly ignored: readonly string[]
  readonly missing: readonly string[]
  readonly refusal?: string
}

async function tell(paths: readonly string[], flags: readonly string[] = []): Promise<Told> {
  const ran = await runInContainer(['/kaniko/bin/node', `${children}/tell-container.ts`, ...paths], flags)
  assert.equal(ran.code, 0, ran.stderr)
  return JSON.parse(ran.stdout)
}

function leastCapabilities(...without: readonly string[]): readonly string[] {
  const kept = least.filter((name) => !without.includes(name))
  return ['--cap-drop=ALL', `--cap-add=${kept.join(',')}`]
}

function assertSuite(ran: CommandResult): void {
  const output = `${ran.stdout}${ran.stderr}`
  assert.equal(ran.code, 0, output)
  assert.match(ran.stdout, /^# fail 0$/m, output)
  assert.ok(Number(/^# pass (\d+)$/m.exec(ran.stdout)?.[1]) > 30, output)
}
