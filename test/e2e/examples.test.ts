import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { succeeded, tryRun } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { checkout } from '../support/dist.ts'
import { skopeo } from '../support/image-tree.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry

function commandsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]?.trim() ?? '')
}

async function runCommand(command: string, env: Readonly<Record<string, string>>): Promise<string> {
  const path = `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`
  const options = { cwd: checkout, env: { PATH: path, HOME: '/nonexistent', ...env } }
  const { stdout, stderr } = succeeded(await tryRun('sh', ['-euc', command], options), [command])
  return `${stdout}${stderr}`
}

test('the commands of examples/README.md do what is said about them', async () => {
  const commands = commandsOf(readFileSync(join(checkout, 'examples/README.md'), 'utf8'))
  const dockerfile = 'ARG REGISTRY\nFROM $REGISTRY/busybox:1\nRUN echo made > /made\n'
  const env = {
    REGISTRY: host,
    CACHE: join(scene.newDirectory(), 'cache'),
    APP: makeContext(scene.directory, { Dockerfile: dockerfile }),
  }
  const said: string[] = []
  for (const command of commands) said.push(await runCommand(command, env))
  const [warmed, again, found, kept, plan, built, shared, tarball, layout] = said
  assert.equal(said.length, 9)
  assert.match(warmed ?? '', /1 image: 1 warmed/)
  assert.match(again ?? '', /1 image: 1 already warm/)
  assert.match(found ?? '', /1 image: 1 already warm/)
  const [locked] = JSON.parse(readFileSync(`${env.CACHE}.lock.json`, 'utf8')).images
  assert.equal(locked.reference, `${host}/busybox:1`)
  assert.match(kept ?? '', /busybox:1 .* fresh .*nothing to remove/s)
  assert.match(plan ?? '', /RUN .*echo made/)
  assert.match(built ?? '', /0 hits .*, 1 miss/)
  for (const later of [shared, tarball, layout]) assert.match(later ?? '', /1 hit.*, 0 miss/)
  const pushed = JSON.parse(await skopeo(['inspect', '--tls-verify=false', `docker://${host}/app:1`]))
  assert.equal(readFileSync(`${env.CACHE}.digest`, 'utf8'), pushed.Digest)
  const archived = JSON.parse(await skopeo(['inspect', '--raw', '--config', `docker-archive:${env.CACHE}.tar`]))
  assert.equal(archived.history.at(-1).created_by.includes('echo made'), true)
})
