import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { type CommandResult, run, tryRun } from '../support/command.ts'
import { checkout } from '../support/dist.ts'
import { temporaryDirectory } from '../support/temp.ts'

const program = join(checkout, 'dist/bin/lay-out-image.js')

function layOut(output: string, args: readonly string[] = []): Promise<CommandResult> {
  return tryRun(process.execPath, [program, output, '--application', checkout, ...args])
}

test('the same pieces make the same trees, whatever the umask', async (t) => {
  const directory = temporaryDirectory(t)
  const [first, second] = [join(directory, 'first'), join(directory, 'second')]
  assert.equal((await layOut(first)).code, 0)
  const script = 'umask 077 && exec "$@"'
  const argv = [process.execPath, program, second, '--application', checkout]
  assert.equal((await tryRun('sh', ['-c', script, 'sh', ...argv])).code, 0)
  const digest = (path: string): Promise<string> => {
    const tar = 'tar -C "$0" --sort=name --numeric-owner -cf - base executor tools debug warmer | sha256sum'
    return run('sh', ['-c', tar, path])
  }
  assert.equal(await digest(first), await digest(second))
})

test('a system whose C library is unlike the known one ends with its path and what to do', async (t) => {
  const directory = temporaryDirectory(t)
  const system = await copyOfSystem(directory)
  const libc = join(system, await libraryPath('libc.so.6'))
  const bytes = readFileSync(libc).toString('latin1').replace('\0/etc/nsswitch.conf\0', '\0/etc/otherwise.cnf\0')
  writeFileSync(libc, bytes, 'latin1')
  const result = await layOut(join(directory, 'out'), ['--system', system])
  assert.equal(result.code, 1)
  const [first, where, why, fix] = result.stderr.split('\n')
  assert.equal(first, 'error[integrity]: "/etc/nsswitch.conf" is in this file 0 times, not 1')
  assert.equal(where?.trim(), `where: ${libc}`)
  assert.match(`${why}${fix}`, /why: .* fix: .*DEBIAN_IMAGE/)
})

test('libraries Node cannot work with are found by trying', async (t) => {
  const directory = temporaryDirectory(t)
  const system = await copyOfSystem(directory)
  const code = { input: 'int nothing(void) { return 0; }' }
  const flags = ['-x', 'c', '-', '-shared', '-fPIC', '-nostdlib', '-Wl,-soname,libm.so.6']
  await run('gcc', [...flags, '-o', join(system, await libraryPath('libm.so.6'))], code)
  const result = await layOut(join(directory, 'out'), ['--system', system])
  assert.equal(result.code, 1)
  assert.match(result.stderr, /error\[integrity\]: The Node of the image does not work/)
  assert.match(result.stderr, /libm\.so\.6/)
})

test('a missing library is named with the file that needs it', async (t) => {
  const directory = temporaryDirectory(t)
  const system = await copyOfSystem(directory, ['libstdc++.so.6'])
  const result = await layOut(join(directory, 'out'), ['--system', system])
  assert.equal(result.code, 1)
  assert.match(result.stderr, /libstdc\+\+\.so\.6 is not there\n {2}where: .*node\b/)
})

test('the directory to make must be named, and be new', async (t) => {
  const unnamed = await tryRun(process.execPath, [program])
  assert.equal(unnamed.code, 1)
  assert.match(unnamed.stderr, /name one directory/)
  const there = await layOut(temporaryDirectory(t))
  assert.equal(there.code, 1)
  assert.match(there.stderr, /cannot be made[\s\S]*fix: +Name a directory that is not there yet/)
})

async function libraryPath(name: string): Promise<string> {
  return join('usr/lib', (await run('gcc', ['-print-multiarch'])).trim(), name)
}

/** What the image takes of a Debian system, in a root of its own, without the libraries named. */
async function copyOfSystem(directory: string, without: readonly string[] = []): Promise<string> {
  const system = join(directory, 'system')
  const names = ['libc.so.6', 'libdl.so.2', 'libgcc_s.so.1', 'libm.so.6', 'libpthread.so.0', 'libstdc++.so.6']
  names.push(process.arch === 'x64' ? 'ld-linux-x86-64.so.2' : 'ld-linux-aarch64.so.1')
  const libraries = await Promise.all(names.filter((name) => !without.includes(name)).map(libraryPath))
  const packages = ['busybox-static', 'ca-certificates', 'libc6', 'libgcc-s1', 'libstdc++6']
  const licences = packages.map((name) => `usr/share/doc/${name}/copyright`)
  for (const path of [...libraries, ...licences, 'bin/busybox', 'etc/ssl/certs/ca-certificates.crt']) {
    mkdirSync(dirname(join(system, path)), { recursive: true })
    copyFileSync(join('/', path), join(system, path))
    chmodSync(join(system, path), 0o755)
  }
  return system
}
