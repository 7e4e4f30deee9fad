import { chmodSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { makeBusyboxRoot } from '../../examples/quickstart/busybox-root.ts'
import { writeImageLayout } from '../../examples/quickstart/image-layout.ts'
import { busyboxImage, debianImage, type LayoutImage } from '../support/bases.ts'
import { run } from '../support/command.ts'
import { warm } from '../support/hearth.ts'
import { removeDirectory } from '../support/temp.ts'
import { contextOf, type MatrixBuild } from './builds.ts'
import type { Environment } from './environments.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { MatrixRow } from './table.ts'

export interface MatrixOptions {
  /** For everything that is made; everybody may look into it. */
  readonly directory: string
  readonly environments: readonly Environment[]
  readonly builds: readonly MatrixBuild[]
  /** Told of each outcome as it comes. */
  onOutcome?(environment: Environment, build: MatrixBuild, outcome: Outcome): void
  /** Told of each row as it is complete. */
  onRow?(row: MatrixRow): void
}

/** Makes every build in every environment, one after the other. */
export async function runMatrix(options: MatrixOptions): Promise<readonly MatrixRow[]> {
  const { directory, environments, builds, onOutcome = () => {}, onRow = () => {} } = options
  chmodSync(directory, 0o755)
  const cache = join(directory, 'cache')
  const bases = [await busyboxImage(directory), debianImage(), await capableImage(directory)]
  await warm([...bases.flatMap(({ layout, name }) => ['--image', `oci:${layout}:${name}`]), '--cache-dir', cache])
  const contexts = new Map<MatrixBuild, string>()
  for (const build of builds) contexts.set(build, await contextOf(build, directory))
  const rows: MatrixRow[] = []
  for (const environment of environments) {
    const outcomes: Record<string, Outcome> = {}
    for (const build of builds) {
      const out = mkdtempSync(join(directory, 'out-'))
      chmodSync(out, 0o777)
      const ran = await environment.build({ context: contexts.get(build)!, cache, out })
      const outcome = outcomeOf(ran, out, environment.refuses?.(build))
      outcomes[build.title] = outcome
      onOutcome(environment, build, outcome)
      removeDirectory(out)
    }
    const row = { environment: environment.title, outcomes }
    rows.push(row)
    onRow(row)
  }
  return rows
}

/** A base with a file that has a capability of its own. */
async function capableImage(directory: string): Promise<LayoutImage> {
  const own = mkdtempSync(join(directory, 'capable-'))
  const rootfs = join(own, 'rootfs')
  makeBusyboxRoot(rootfs)
  await run('cp', [join(rootfs, 'bin/busybox'), join(rootfs, 'bin/raw')])
  await run('setcap', ['cap_net_raw+ep', join(rootfs, 'bin/raw')])
  await writeImageLayout({ rootfs, layout: join(own, 'layout'), name: 'capable:1', config: { Cmd: ['sh'] } })
  return { layout: join(own, 'layout'), name: 'capable:1' }
}
