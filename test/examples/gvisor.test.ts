import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gvisor } from '../support/gvisor.ts'
import { playInGvisor } from '../support/kube-gvisor.ts'
import { projectImagesLayout } from '../support/kube-images.ts'
import { at, mapTexts, podOf } from '../support/kube-objects.ts'
import { openKubeScene } from '../support/kube-scene.ts'

// The Pod of examples/gvisor with gVisor's runsc, as a node would start it: its arguments, variables, capabilities, volumes.

const scene = await openKubeScene([])
const machine = await gvisor(scene.directory, { layout: await projectImagesLayout(), name: 'executor' })
const objects = [
  ...(await scene.read('kubernetes/build/source.yaml')),
  ...(await scene.read('kubernetes/build/registry-credentials.yaml')),
]
const page = readFileSync(join(scene.application, 'index.html'), 'utf8')

for (const platform of ['systrap', 'ptrace'] as const) {
  test(`the Pod builds in gVisor (${platform}), pushes with the login of the Secret and says its digest`, async () => {
    const [document] = await scene.read('gvisor/pod.yaml')
    const name = `gvisor/${platform}:1`
    const pod = scene.withMirror(mapTexts(podOf(document!)!, (text) => text.replace('team/app:1', name)))
    const played = await playInGvisor(pod, { directory: scene.directory, machine, platform, objects })
    assert.equal(played.code, 0, played.log)
    assert.match(played.log, /isolation: in-place/)
    assert.equal(played.said, (await scene.inspect(name)).Digest)
    const made = await scene.runPushed(name, ['sh', '-c', 'cat /srv/www/index.html /srv/www/size.txt'])
    assert.equal(made, `${page}${page.length}\n`)
  })
}

test('the Pod names the runtime class, whose handler is what nodes call gVisor', async () => {
  const [pod] = await scene.read('gvisor/pod.yaml')
  const [runtimeClass] = await scene.read('gvisor/runtime-class.yaml')
  assert.equal(at(pod, ['spec', 'runtimeClassName']), at(runtimeClass, ['metadata', 'name']))
  assert.equal(at(runtimeClass, ['handler']), 'runsc')
})
