import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ignoredIn, machinePaths } from '../../../src/run/machine-paths.ts'
import {
  capabilitiesMissingFrom,
  missingForChroot,
  requireCapabilities,
} from '../../../src/run/missing-capabilities.ts'
import { inOwnImage, requireOwnImage } from '../../../src/run/own-image.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { run } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'

function missingWith(bits: string): readonly string[] {
  return capabilitiesMissingFrom(`Name:\tnode\nCapPrm:\t0\nCapEff:\t${bits}\nCapBnd:\t0\n`).map(({ name }) => name)
}

test("Docker's capabilities are all that is needed, and CRI-O's are enough", () => {
  assert.deepEqual(missingWith('00000000a80425fb'), [])
  assert.deepEqual(missingWith('000001ffffffffff'), [])
  const fewer = capabilitiesMissingFrom('CapEff:\t00000000000005fb\n')
  assert.deepEqual(
    fewer.map(({ name }) => name),
    ['SETFCAP', 'MKNOD', 'SYS_CHROOT'],
  )
  requireCapabilities(fewer)
})

test('without capabilities all are missing, and the error names the required ones and how to add them', () => {
  const none = capabilitiesMissingFrom('CapEff:\t0000000000000000\n')
  assert.equal(none.length, 10)
  assert.throws(() => requireCapabilities(none), {
    code: 'run-unavailable',
    message: /lacks CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETGID, CAP_SETUID$/,
    why: /^CAP_FSETID is for setuid and setgid bits/m,
    fix: /capabilities: \{add: \[CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETGID, SETUID\]\}/,
  })
})

test('a chroot needs the capabilities for it and for devices as well', () => {
  const criO = missingForChroot(capabilitiesMissingFrom('CapEff:\t00000000000005fb\n'))
  assert.throws(() => requireCapabilities(criO, 'run commands in a chroot'), {
    code: 'run-unavailable',
    message: /^This container may not run commands in a chroot: it lacks CAP_MKNOD, CAP_SYS_CHROOT$/,
    why: /CAP_MKNOD is for the devices .*mount\nCAP_SYS_CHROOT is for giving commands their root/,
    fix: /add: \[MKNOD, SYS_CHROOT\]/,
  })
  requireCapabilities(missingForChroot(capabilitiesMissingFrom('CapEff:\t00000000080405fb\n')))
})

for (const [name, number] of [
  ['CHOWN', 0],
  ['DAC_OVERRIDE', 1],
  ['FOWNER', 3],
  ['FSETID', 4],
  ['SETGID', 6],
  ['SETUID', 7],
] as const) {
  test(`a missing ${name} alone is an error`, async () => {
    const bits = (0x1ff_ffff_ffffn & ~(1n << BigInt(number))).toString(16).padStart(16, '0')
    assert.deepEqual(missingWith(bits), [name])
    assert.throws(() => requireCapabilities(capabilitiesMissingFrom(`CapEff:\t${bits}\n`)), { code: 'run-unavailable' })
    const dropped = ['--bounding-set', `-${name.toLowerCase()}`, 'cat', '/proc/self/status']
    assert.deepEqual(
      capabilitiesMissingFrom(await run('setpriv', dropped)).map((missing) => missing.name),
      [name],
    )
  })
}

test("hearth's own image is known by its description and its Node", (t) => {
  const directory = temporaryDirectory(t)
  const execPath = join(directory, 'bin/node')
  assert.equal(inOwnImage({ directory, execPath }), false)
  writeFileSync(join(directory, 'image.json'), '{}')
  assert.equal(inOwnImage({ directory, execPath }), true)
  assert.equal(inOwnImage({ directory, execPath: '/usr/bin/node' }), false)
  assert.equal(inOwnImage({ directory }), false)
  assert.equal(inOwnImage(), false)
})

test('outside of it building in place is refused, unless it is forced', () => {
  const refusal = { code: 'run-unavailable', message: /only be run .* inside of a container/, fix: /--force/ }
  assert.throws(() => requireOwnImage(false), refusal)
  requireOwnImage(true)
})

test('mounts, the files of the runtime and what is named are ignored, whatever they are called', () => {
  const ignored = machinePaths({ ownDirectory: '/own', ignorePaths: ['/a/b/'], alsoIgnored: ['/ä'] })()
  for (const path of ['own', 'own/x', 'a/b', 'a/b/c', 'proc', 'sys', 'dev', 'etc/hosts', 'etc/mtab']) {
    assert.equal(ignored.covers(rawPath(path)), true, path)
  }
  assert.equal(ignored.covers(rawPath('ä/x')), true)
  for (const path of ['', 'a', 'a/bc', 'etc', 'owner']) assert.equal(ignored.covers(rawPath(path)), false, path)
  assert.equal(ignored.reachesInto(rawPath('a')), true)
})

test('a mount whose name has blanks is ignored under that name', async (t) => {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'a b\\c'))
  const script = `
    import { machinePaths } from '${import.meta.dirname}/../../../src/run/machine-paths.ts'
    import { rawPath } from '${import.meta.dirname}/../../../src/tar/raw-path.ts'
    const ignored = machinePaths({ ownDirectory: '/own' })()
    console.log(ignored.covers(rawPath(process.argv[1])), ignored.covers(rawPath(process.argv[2])))`
  const mount = 'mount -t tmpfs none "$1" && exec "$0" --input-type=module -e "$2" "$1/file" "$3"'
  const argv = ['sh', '-c', mount, process.execPath, join(directory, 'a b\\c'), script, directory]
  assert.equal(await run('unshare', ['--mount', '--propagation', 'private', ...argv]), 'true false\n')
})

test('/var/run is ignored while something is mounted there, when that is wanted', () => {
  const [varRun, token] = [rawPath('/var/run'), rawPath('/var/run/secrets/token')]
  const none = { paths: [], patterns: [] }
  assert.equal(ignoredIn(none, [token], true).covers(varRun), true)
  assert.equal(ignoredIn(none, [varRun], true).covers(varRun), true)
  assert.equal(ignoredIn(none, [rawPath('/var/runner')], true).covers(varRun), false)
  assert.equal(ignoredIn(none, [token], false).covers(varRun), false)
  assert.equal(ignoredIn(none, [token], false).covers(token), true)
})

test('the root itself cannot be ignored', () => {
  for (const path of ['/', '//', '/proc/self/root']) {
    assert.throws(() => machinePaths({ ownDirectory: '/own', alsoIgnored: [path] }), { code: 'usage' }, path)
  }
})

test('what this process may do is what its own status says', () => {
  const status = readFileSync('/proc/self/status', 'latin1')
  assert.deepEqual(capabilitiesMissingFrom(status), [])
})
