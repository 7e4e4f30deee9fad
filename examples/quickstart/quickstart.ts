import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type BaseImage, makeBaseImage } from './base-image.ts'
import { runProgram } from './run-program.ts'
import { type BuildOutcome, cacheCounts, summary } from './summary.ts'

const checkout = join(import.meta.dirname, '..', '..')
const out = join(checkout, 'out', 'quickstart')
const paths = {
  base: join(out, 'base'),
  cache: join(out, 'cache'),
  layout: join(out, 'image'),
  tar: join(out, 'image.tar'),
  digest: join(out, 'digest'),
}

/** Warms a base image, builds the example twice and says what happened. Every output is new each time. */
async function quickstart(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error('Building sets owners and starts commands as other users: run it as root.')
  if (!existsSync(join(checkout, 'dist/bin/executor.js')))
    throw new Error('dist/ is missing: run npm ci (or npm run build).')
  execFileSync('rm', ['-rf', '--one-file-system', '--', out])
  mkdirSync(paths.base, { recursive: true })

  const base = await makeBaseImage(paths.base)
  console.log(`Base: ${base.name}, from ${base.origin}\n`)
  await program('warmer', ['--image', base.source, '--cache-dir', paths.cache])
  const first = await buildExample(base, 'First build')
  const second = await buildExample(base, 'Second build, nothing changed')
  if (cacheCounts(second.output)?.misses !== 0) throw new Error('The second build should have come from the cache.')
  const shown = (path: string): string => relative(process.cwd(), path)
  const places = { layout: shown(paths.layout), tar: shown(paths.tar), cache: shown(paths.cache) }
  console.log(summary({ first, second, ...places, rebuild: rebuildCommand(base, shown) }))
}

/** Builds the example again with the cache that is there: for readers who have changed something. */
function rebuildCommand(base: BaseImage, shown: (path: string) => string): string {
  const here = shown(import.meta.dirname)
  const cache = `--cache --cache-copy-layers --cache-dir ${shown(paths.cache)}`
  const from = base.isDefault ? '' : ` --build-arg BASE=${base.name}`
  const executor = shown(join(checkout, 'dist/bin/executor.js'))
  return `node ${executor} --context ${here} --dockerfile ${join(here, 'Dockerfile')} --no-push ${cache}${from}`
}

async function buildExample(base: BaseImage, title: string): Promise<BuildOutcome> {
  console.log(`\n${title}`)
  const outputs = ['--oci-layout-path', paths.layout, '--tar-path', paths.tar, '--digest-file', paths.digest]
  const cache = ['--cache', '--cache-copy-layers', '--cache-dir', paths.cache]
  const image = ['--destination', 'hearth/quickstart:1', '--no-push', '--build-arg', `BASE=${base.name}`]
  const { output, seconds } = await program('executor', [
    '--context',
    import.meta.dirname,
    '--dockerfile',
    join(import.meta.dirname, 'Dockerfile'),
    ...image,
    ...cache,
    ...outputs,
  ])
  return { output, seconds }
}

function program(name: 'executor' | 'warmer', args: readonly string[]): Promise<{ output: string; seconds: number }> {
  // Colours are for terminals, and the programs themselves write to a pipe here.
  const format = process.stdout.isTTY ? 'color' : 'text'
  return runProgram(process.execPath, [join(checkout, `dist/bin/${name}.js`), ...args, '--log-format', format])
}

try {
  await quickstart()
} catch (error) {
  console.error(`quickstart: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
