import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkout } from '../support/dist.ts'
import { kustomize } from '../support/kube-kustomize.ts'
import { mapTexts, type Pod, podOf } from '../support/kube-objects.ts'
import { commandsRun, openKubeScene } from '../support/kube-scene.ts'
import type { Document } from '../support/kube-yaml.ts'

// podman runs the examples' Pods; what a kubelet does for one (volumes, variables, last words) the test does.

const scene = await openKubeScene(['executor', 'warmer'])
const credentials = await scene.read('kubernetes/build/registry-credentials.yaml')
const warmImages = await scene.read('kubernetes/cached-builds/warm-images.yaml')
const page = readFileSync(join(scene.application, 'index.html'), 'utf8')

test('a Pod builds what a ConfigMap holds, pushes it with the login of the Secret and says its digest', async () => {
  const source = await scene.read('kubernetes/build/source.yaml')
  await build(await podIn('kubernetes/build/pod.yaml'), { name: 'team/pod:1', objects: source })
  await assertApplication('team/pod:1')
})

test('without its login the same Pod fails and says why', async () => {
  const source = await scene.read('kubernetes/build/source.yaml')
  const wrong = mapTexts(credentials, (text) => text.replace('change-me', 'changed'))
  const played = await scene.play(await podIn('kubernetes/build/pod.yaml'), [...source, ...wrong])
  assert.equal(played.code, 1)
  assert.match(played.log, /error\[[a-z-]+\]/)
  assert.match(played.log, /why:/)
})

test('a Job builds a git repository', async () => {
  await build(await podIn('kubernetes/build/job.yaml'), { name: 'team/job:1' })
  await assertApplication('team/job:1')
})

test('a Job builds in a user namespace of its own', async () => {
  const pod = scene.fromInside(await podIn('kubernetes/build/job-user-namespace.yaml', scene.hostFromInside))
  const inside = await scene.read('kubernetes/build/registry-credentials.yaml', scene.hostFromInside)
  const played = await scene.play(renamed(pod, 'team/user-namespace:1'), inside)
  assert.equal(played.code, 0, played.log)
  assert.equal(played.said, (await scene.inspect('team/user-namespace:1')).Digest)
  await assertApplication('team/user-namespace:1')
})

test('the warmer of a Job fills the claim as an ordinary user, and that of the CronJob finds everything there', async () => {
  const first = await scene.play(await podIn('kubernetes/cached-builds/warmer-job.yaml'), [
    ...credentials,
    ...warmImages,
  ])
  assert.equal(first.code, 0, first.log)
  assert.match(first.log, /2 images: 2 warmed/)
  const cache = scene.node.claim('hearth-cache')
  assert.equal(statSync(join(cache, 'index.json')).uid, 65532)
  const second = await scene.play(await podIn('kubernetes/cached-builds/warmer-cronjob.yaml'), warmImages)
  assert.equal(second.code, 0, second.log)
  assert.match(second.log, /2 images: 2 already warm/)
})

test('a Job with the cache takes its base from the claim, and what it made before as well', async () => {
  const pod = await podIn('kubernetes/cached-builds/job-with-cache.yaml')
  const asked = scene.registry.log().length
  assert.match(await build(pod, { name: 'team/cached:1' }), /cache: 0 hits .*, [1-9]\d* miss/)
  assert.match(await build(pod, { name: 'team/cached:2' }), /cache: [1-9]\d* hits? \(local [1-9].*, 0 misses/)
  assert.equal(/GET \/v2\/library\/busybox\/blobs/.test(scene.registry.log().slice(asked)), false)
  await assertApplication('team/cached:2')
})

test('the warmer goes on where builds, which are root, have written', async () => {
  const more = mapTexts(warmImages, (text) => text.replace(/^debian:/m, 'busybox:2\ndebian:'))
  await scene.publish('busybox:2')
  const played = await scene.play(await podIn('kubernetes/cached-builds/warmer-cronjob.yaml'), [
    ...credentials,
    ...more,
  ])
  assert.equal(played.code, 0, played.log)
  assert.match(played.log, /3 images: 1 warmed, 2 already warm/)
})

test('the kustomization of a cluster gives a pair that warms and builds', async () => {
  const objects = scene.replaced(await kustomize(join(checkout, 'examples/kubernetes/my-cluster')))
  const [template, warmer] = objects.filter(({ kind }) => kind === 'CronJob').map((object) => podOf(object)!)
  const warmed = await scene.play(warmer!, objects)
  assert.equal(warmed.code, 0, warmed.log)
  const built = await scene.play(template!, objects)
  assert.equal(built.code, 0, built.log)
  assert.match(built.log, /cache: [1-9]\d* hits?/)
  await assertApplication('shop/frontend:main')
})

test('nothing in the claim is left unfinished', () => {
  const cache = scene.node.claim('hearth-cache')
  const files = readdirSync(cache, { recursive: true, encoding: 'utf8' })
  assert.ok(files.filter((path) => path.startsWith('blobs/sha256/')).length >= 8)
  assert.deepEqual(
    files.filter((path) => path.endsWith('.tmp')),
    [],
  )
})

async function podIn(path: string, host?: string): Promise<Pod> {
  return podOf((await scene.read(path, host))[0]!)!
}

/** The Pod with another destination: every build has an image of its own. */
function renamed(pod: Pod, name: string): Pod {
  return mapTexts(pod, (text) => text.replace('team/app:1', name))
}

/** Plays a Pod, which must succeed and say the digest of what is in the registry; gives its log. */
async function build(pod: Pod, o: { readonly name: string; readonly objects?: readonly Document[] }): Promise<string> {
  const played = await scene.play(renamed(pod, o.name), [...credentials, ...(o.objects ?? [])])
  assert.equal(played.code, 0, played.log)
  assert.equal(played.said, (await scene.inspect(o.name)).Digest)
  return played.log
}

async function assertApplication(name: string): Promise<void> {
  const command = commandsRun ? 'cat /srv/www/index.html /srv/www/size.txt' : 'cat /srv/www/index.html'
  const size = commandsRun ? `${page.length}\n` : ''
  assert.equal(await scene.runPushed(name, ['sh', '-c', command]), `${page}${size}`)
}
