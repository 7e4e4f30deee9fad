import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { layOut } from '../../src/packaging/lay-out.ts'
import type { CommandResult } from '../support/command.ts'
import { checkout } from '../support/dist.ts'
import { makeHostileRoot, plainNode, runInRoot, traps } from '../support/image-hostile-root.ts'
import { daemonsUser, startNameDaemon } from '../support/image-name-daemon.ts'
import { temporaryDirectory } from '../support/temp.ts'

// The in-place mode in small: a base lies over the root the image's Node runs in. What is the base's must stay outside.

/** Does what the executor does, and a little more: names, users, TLS, threads, processes, native code, locales. */
const script = `
const { execFileSync } = require('node:child_process')
const dns = require('node:dns/promises')
const os = require('node:os')
const { Worker } = require('node:worker_threads')
const koffi = require('/kaniko/app/node_modules/koffi')
const sqlite = require('/kaniko/app/node_modules/better-sqlite3')

const libc = koffi.load(null)
const setlocale = libc.func('const char *setlocale(int category, const char *locale)')
const iconvOpen = libc.func('intptr_t iconv_open(const char *to, const char *from)')

async function main() {
  const results = {}
  results.lookup = (await dns.lookup('localhost')).address
  results.unknown = await dns.lookup('nowhere.invalid').catch((error) => error.code)
  results.user = os.userInfo().username
  results.zone = new Date(0).toString()
  require('node:tls').createSecureContext()
  results.fetch = await fetch('http://localhost:48123/').catch((error) => error.cause.code)
  results.child = execFileSync(process.execPath, ['-p', '6 * 7'], { encoding: 'utf8' }).trim()
  results.thread = await new Promise((resolve) => new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true }).once('message', resolve))
  results.rows = new sqlite(':memory:').prepare('select 1 as one').all()
  results.locale = setlocale(6, 'trap')
  iconvOpen('UTF-8', 'TRAP')
  const maps = require('node:fs').readFileSync('/proc/self/maps', 'utf8').split('\\n')
  results.code = [...new Set(maps.map((line) => / r-xp .*?(\\/.*)$/.exec(line)?.[1]).filter(Boolean))].sort()
  console.log(JSON.stringify(results))
}
main()
`

const directory = temporaryDirectory({ after })
const root = join(directory, 'root')
before(async () => {
  const output = join(directory, 'layout')
  layOut({ application: checkout, system: '/', output, strip: 'strip' })
  await makeHostileRoot(root, join(output, 'base'))
  writeFileSync(join(root, 'script.cjs'), script)
})

test('every trap is set: a Node as its makers built it loads the code of the base', async () => {
  const ran = await runInRoot(root, [plainNode, '/script.cjs'])
  assert.equal(ran.code, 0, ran.stderr)
  for (const trap of traps) assert.match(ran.stderr, new RegExp(`^TRAP ${trap}$`, 'm'))
  assert.equal(resultsOf(ran).locale, 'trap')
})

test("the image's Node and its children load nothing of the base", async () => {
  const ran = await runInRoot(root, ['/kaniko/bin/node', '/script.cjs'])
  assert.equal(ran.code, 0, ran.stderr)
  assert.equal(ran.stderr, '')
  const { code, ...results } = resultsOf(ran)
  assert.deepEqual(results, {
    lookup: '127.0.0.1',
    unknown: 'EAI_AGAIN',
    user: 'root',
    zone: 'Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)',
    fetch: 'ENETUNREACH',
    child: '42',
    thread: 1,
    rows: [{ one: 1 }],
    locale: null,
  })
  assert.deepEqual(
    (code as readonly string[]).filter((path) => !path.startsWith('/kaniko/')),
    [],
  )
  assert.ok((code as readonly string[]).includes('/kaniko/lib/ld-linux.so.2'))
})

test("who answers for names in the base is not asked by the image's Node", async () => {
  await using daemon = await startNameDaemon(root)
  assert.equal(resultsOf(await runInRoot(root, [plainNode, '/script.cjs'])).user, daemonsUser)
  const calls = daemon.calls()
  assert.ok(calls > 0)
  assert.equal(resultsOf(await runInRoot(root, ['/kaniko/bin/node', '/script.cjs'])).user, 'root')
  assert.equal(daemon.calls(), calls)
})

test("the image's programs start in the base by their names", async () => {
  const ran = await runInRoot(root, ['/kaniko/bin/node', '/kaniko/app/dist/bin/executor.js', 'version'])
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, 'hearth version : 0.1.0\n', ''])
})

test('of the base only text is read, and none of it names anything to load', async () => {
  const trace = join(directory, 'trace')
  const strace = ['strace', '-f', '-qq', '-s', '200', '-o', trace, '-e', 'trace=execve,open,openat,openat2']
  const ran = await runInRoot(root, ['/kaniko/bin/node', '/script.cjs'], strace)
  assert.equal(ran.code, 0, ran.stderr)
  assert.deepEqual(openedIn(readFileSync(trace, 'utf8')), [
    '/etc/host.conf',
    '/etc/hosts',
    '/etc/nsswitch.conf',
    '/etc/passwd',
    '/etc/resolv.conf',
    '/usr/share/zoneinfo/UTC',
  ])
})

/** What was there and was opened once Node ran, without the image's own files and the kernel's. */
function openedIn(trace: string): readonly string[] {
  const calls = trace.slice(trace.indexOf('execve("/kaniko/bin/node"')).split('\n')
  const paths = calls
    .filter((call) => !/= -1 |<unfinished/.test(call))
    .flatMap((call) => /"(\/[^"]*)"/.exec(call)?.[1] ?? [])
  const others = paths.filter((path) => !/^\/(?:kaniko|proc|sys|dev|script\.cjs)(?:\/|$)/.test(path))
  return [...new Set(others)].sort()
}

function resultsOf(ran: CommandResult): Readonly<Record<string, unknown>> {
  return JSON.parse(ran.stdout)
}
