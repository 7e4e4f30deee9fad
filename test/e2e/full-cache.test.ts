import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const dockerfile = `FROM ${scene.busybox}
COPY noise /noise
RUN --mount=type=cache,target=/c echo made > /made && echo kept > /c/kept
RUN seq 1 60000 > /numbers
`
const context = makeContext(scene.directory, { Dockerfile: dockerfile, noise: randomBytes(400_000) })
const reproducible = ['--reproducible', '--cache', '--cache-dir']
const whole = await scene.image({ context, args: [...reproducible, scene.newDirectory()] })

/** In KiB: each next file of the cache directory is the one that finds the disk full. */
const sizes = [4, 16, 32, 64, 160, 500, 1100, 1500, 2000]

for (const size of sizes) {
  test(`a cache directory with room for ${size} KiB costs a warning, and the image is the same`, async () => {
    const directory = scene.newDirectory()
    const surroundings = { tiny: [{ directory, bytes: size * 1024 }] }
    const built = await scene.image({ context, args: [...reproducible, directory], surroundings })
    assert.equal(built.digest, whole.digest)
    assert.doesNotMatch(built.result.stderr, /^\s+at /m)
    const warnings = built.result.stderr.split('\n').filter((line) => line.includes('WARN'))
    assert.ok(warnings.length <= 3, built.result.stderr)
  })
}
