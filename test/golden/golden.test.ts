import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parseExecutor } from '../../src/cli/parse-executor.ts'
import { parseDockerfile } from '../../src/dockerfile/parse.ts'
import { HearthError } from '../../src/errors.ts'
import type { ContainerConfig } from '../../src/oci/image-config.ts'
import { parsePlatform } from '../../src/oci/platform.ts'
import { formatReference } from '../../src/oci/reference.ts'
import type { NamedContexts } from '../../src/plan/named-contexts.ts'
import { planBuild } from '../../src/plan/plan.ts'
import { renderPlan } from '../../src/plan/render.ts'

/** What a case's options.json may say; a case without one builds the last stage for linux/amd64. */
interface Options {
  readonly target?: string
  readonly alsoBuilt?: readonly string[]
  /** What --build-context says, by name: a directory, docker-image:// or oci-layout:// and what stands behind it. */
  readonly contexts?: Readonly<Record<string, string>>
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly platform?: string
  readonly buildPlatform?: string
  /** Configurations of base images, by full reference. Any other base has only a PATH. */
  readonly bases?: Readonly<Record<string, ContainerConfig>>
  readonly destinations?: readonly string[]
  readonly tarPath?: string
  readonly ociLayoutPath?: string
}

const cases = globSync('*/Dockerfile', { cwd: import.meta.dirname })
  .map(dirname)
  .sort()
const rewrites = process.env.UPDATE_GOLDEN === '1'

test('there are golden cases', () => assert.ok(cases.length >= 20))

for (const name of cases) {
  test(`the plan of ${name} is the one in its plan.txt`, async () => {
    const directory = join(import.meta.dirname, name)
    const plan = await planOrError(directory)
    const golden = join(directory, 'plan.txt')
    if (rewrites) writeFileSync(golden, plan)
    assert.equal(plan, readFileSync(golden, 'utf8'))
  })
}

async function planOrError(directory: string): Promise<string> {
  try {
    return await planText(directory)
  } catch (error) {
    if (!(error instanceof HearthError)) throw error
    const { code, where, message, why, fix } = error
    const parts = { where, why, fix }
    const lines = Object.entries(parts).filter(([, text]) => text !== undefined)
    return `ERROR ${code}: ${message}\n${lines.map(([part, text]) => `  ${part}: ${text}\n`).join('')}`
  }
}

async function planText(directory: string): Promise<string> {
  const dockerfile = parseDockerfile(readFileSync(join(directory, 'Dockerfile'), 'utf8'), { name: 'Dockerfile' })
  const options = readOptions(join(directory, 'options.json'))
  const platform = parsePlatform(options.platform ?? 'linux/amd64')
  const plan = await planBuild(
    dockerfile,
    {
      target: options.target,
      alsoBuilt: options.alsoBuilt ?? [],
      contexts: contextsOf(options),
      buildArgs: options.buildArgs ?? {},
      labels: options.labels ?? {},
      platform,
      buildPlatform: parsePlatform(options.buildPlatform ?? 'linux/amd64'),
    },
    async (reference, wanted) => {
      const config = options.bases?.[formatReference(reference)] ?? { Env: ['PATH=/usr/bin:/bin'] }
      return { architecture: wanted.architecture, os: wanted.os, config, diffIDs: [], history: [] }
    },
  )
  const { destinations = [], tarPath, ociLayoutPath } = options
  return renderPlan(plan, { destinations, tarPath, ociLayoutPath })
}

function contextsOf({ contexts = {} }: Options): NamedContexts {
  const flags = Object.entries(contexts).map(([name, place]) => `--build-context=${name}=${place}`)
  const parsed = parseExecutor(['--no-push', ...flags], {}, '/here')
  return parsed.kind === 'build' ? parsed.options.buildContexts : new Map()
}

function readOptions(path: string): Options {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}
