import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../support/command.ts'
import type { ContextEntry } from '../support/context.ts'
import { openInPlaceBuilds } from '../support/in-place-builds.ts'
import { processesWith } from '../support/processes.ts'

// What the container lets hearth do, and when it has to end.

const builds = await openInPlaceBuilds({ after })
const { attempt, succeeds, tree } = builds

/** As the README has it. */
const required = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETGID', 'SETUID'] as const

test('the README names the capabilities that are required', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  assert.ok(readme.includes(`root with ${required.slice(0, -1).join(', ')} and ${required.at(-1)}`))
})

for (const name of required) {
  test(`a missing ${name} is named before anything is done`, async () => {
    const { result } = await attempt({ dockerfile: 'FROM busybox:1\nRUN true\n', flags: [`--cap-drop=${name}`] })
    assert.equal(result.code, 1)
    assert.match(result.stderr, new RegExp(`^error\\[run-unavailable\\]: .* it lacks CAP_${name}$`, 'm'))
    assert.doesNotMatch(result.stderr, /INFO .*RUN true/)
  })
}

test('capabilities that only some commands need are named in the debug log', async () => {
  const flags = ['--cap-drop=SETFCAP,KILL,SYS_CHROOT']
  const { result } = await succeeds({ dockerfile: 'FROM busybox:1\nRUN true\n', flags, args: ['--verbosity=debug'] })
  const named = [...result.stderr.matchAll(/without CAP_(\w+): .* will fail/g)].map(([, name]) => name)
  assert.deepEqual(named.sort(), ['KILL', 'MKNOD', 'SETFCAP', 'SYS_CHROOT'])
})

test('with the required capabilities apt-get installs a package that makes users and setgid programs', async () => {
  const dockerfile = `FROM debian:12
COPY repository /repository
RUN rm -rf /etc/apt/sources.list* && echo 'deb [trusted=yes] file:/repository ./' > /etc/apt/sources.list
RUN apt-get update && apt-get install --yes --no-install-recommends greeter && su greeter -s /bin/sh -c 'id -un > ~/me'
`
  const flags = ['--cap-drop=ALL', `--cap-add=${required.join(',')}`]
  const files = await tree(await succeeds({ dockerfile, files: await aptRepository(), flags }))
  const { mode, owner } = files.get('usr/bin/greet') ?? {}
  assert.match(`${mode} ${owner}`, /^2755 0:[1-9]\d*$/)
  assert.equal(files.get('var/lib/greeter/me')?.size, 'greeter\n'.length)
})

test('as process 1 it ends when it is told to, with all that a deaf command has started', async () => {
  const work = mkdtempSync(join(builds.directory, 'work-'))
  const seconds = '3100001'
  const dockerfile = `FROM busybox:1
RUN trap '' TERM INT HUP; setsid sh -c "trap '' TERM; sleep ${seconds} & sleep ${seconds}" & (sleep ${seconds} &); sleep ${seconds}; sleep 1
`
  const word = 'to-be-found=1'
  const ended = attempt({ dockerfile, args: ['--label', word], flags: ['-v', `${work}:/kaniko/work`] })
  let over = false
  const done = ended.finally(() => {
    over = true
  })
  while (processesWith(seconds).length < 4 && !over) await sleep(50)
  const [executor] = processesWith(word).filter((line) => /^\d+ \/kaniko\/bin\/node /.test(line))
  assert.ok(executor !== undefined)
  const pid = Number.parseInt(executor, 10)
  assert.match(readFileSync(`/proc/${pid}/status`, 'latin1'), /^NSpid:\t\d+\t1$/m)
  process.kill(pid, 'SIGTERM')
  const { result } = await done
  assert.equal(result.code, 143, result.stderr)
  assert.equal(result.stderr.match(/^error\[/gm)?.length, 1, result.stderr)
  assert.match(result.stderr, /^error\[interrupted\]: Interrupted by SIGTERM/m)
  // What was in the way of an orderly end would have left something here.
  assert.deepEqual(readdirSync(work), [])
  assert.deepEqual(processesWith(seconds), [])
})

/** A repository for apt, as files of a context: one package, whose script does what those of daemons do. */
async function aptRepository(): Promise<Readonly<Record<string, ContextEntry>>> {
  const directory = mkdtempSync(join(builds.directory, 'package-'))
  for (const name of ['DEBIAN', 'usr/bin']) mkdirSync(join(directory, name), { recursive: true })
  const control = [
    'Package: greeter',
    'Version: 1',
    'Architecture: all',
    'Maintainer: A Test <test@localhost>',
    'Description: greets',
  ]
  writeFileSync(join(directory, 'DEBIAN/control'), `${control.join('\n')}\n`)
  const script = `#!/bin/sh
set -e
useradd --system --create-home --home-dir /var/lib/greeter greeter
chgrp greeter /usr/bin/greet
chmod 2755 /usr/bin/greet
`
  writeFileSync(join(directory, 'DEBIAN/postinst'), script, { mode: 0o755 })
  writeFileSync(join(directory, 'usr/bin/greet'), '#!/bin/sh\necho hello\n', { mode: 0o755 })
  const file = `${directory}.deb`
  await run('dpkg-deb', ['--root-owner-group', '--build', directory, file])
  const [sha256] = (await run('sha256sum', [file])).split(' ')
  const index = [...control, 'Filename: ./greeter.deb', `Size: ${statSync(file).size}`, `SHA256: ${sha256}`]
  return { 'repository/greeter.deb': readFileSync(file), 'repository/Packages': `${index.join('\n')}\n` }
}
