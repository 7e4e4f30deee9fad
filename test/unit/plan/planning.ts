import assert from 'node:assert/strict'
import { parseDockerfile } from '../../../src/dockerfile/parse.ts'
import { HearthError } from '../../../src/errors.ts'
import type { ContainerConfig, ImageConfig } from '../../../src/oci/image-config.ts'
import { parsePlatform } from '../../../src/oci/platform.ts'
import { formatReference } from '../../../src/oci/reference.ts'
import { planBuild } from '../../../src/plan/plan.ts'
import type { PlanOptions } from '../../../src/plan/stage-outline.ts'
import type { BuildPlan, RunStep, Step } from '../../../src/plan/step.ts'

export interface Wanted extends Partial<PlanOptions> {
  /** Configurations of base images by full reference; any other base has only a PATH. */
  readonly bases?: Readonly<Record<string, ContainerConfig>>
  readonly author?: string
}

const linux = parsePlatform('linux/amd64')

/** Plans a Dockerfile, with bases that need no registry. */
export async function plan(text: string, wanted: Wanted = {}): Promise<BuildPlan> {
  const { bases = {}, author, ...options } = wanted
  const defaults = { target: undefined, buildArgs: {}, labels: {}, platform: linux, buildPlatform: linux }
  return planBuild(parseDockerfile(text, { name: 'Dockerfile' }), { ...defaults, ...options }, async (reference) => {
    return imageOf(bases[formatReference(reference)] ?? { Env: ['PATH=/bin'] }, author)
  })
}

function imageOf(config: ContainerConfig, author: string | undefined): ImageConfig {
  const common = { architecture: 'amd64', os: 'linux', config, diffIDs: [], history: [] }
  return author === undefined ? common : { ...common, author }
}

/** The configuration that a Dockerfile's instructions make of a base with PATH=/bin. */
export async function configOf(instructions: string, wanted: Wanted = {}): Promise<ContainerConfig> {
  return (await plan(`FROM base\n${instructions}\n`, wanted)).target.config
}

/** What the history says about each step of the target. */
export async function historyOf(instructions: string, wanted: Wanted = {}): Promise<readonly string[]> {
  return (await stepsOf(`FROM base\n${instructions}\n`, wanted)).map((step) => step.createdBy)
}

export async function stepsOf(text: string, wanted: Wanted = {}): Promise<readonly Step[]> {
  return (await plan(text, wanted)).target.steps
}

/** The last RUN of the target. */
export async function runOf(text: string, wanted: Wanted = {}): Promise<RunStep> {
  const run = (await stepsOf(text, wanted)).findLast((step) => step.kind === 'run')
  assert.ok(run?.kind === 'run')
  return run
}

export async function errorOf(planning: Promise<unknown>): Promise<HearthError> {
  const error = await planning.then(
    () => assert.fail('the plan was made'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof HearthError) return error
  throw error
}
