import type { Dockerfile } from '../dockerfile/dockerfile.ts'
import type { FromInstruction, Instruction } from '../dockerfile/instruction.ts'
import { parseOnBuild } from '../dockerfile/parse.ts'
import { atInstruction } from '../dockerfile/syntax-error.ts'
import { HearthError } from '../errors.ts'
import type { ImageConfig } from '../oci/image-config.ts'
import type { Platform } from '../oci/platform.ts'
import type { ImageReference } from '../oci/reference.ts'
import { type ConfigInstruction, changeConfig } from './change-config.ts'
import { withLabels } from './container-config.ts'
import { addStepOf, copyStepOf, type LayerSurroundings, runStepOf, workdirStepOf } from './layer-step.ts'
import { prunedStages } from './pruned-stages.ts'
import { type BuildArgs, isPredefinedArg } from './scope.ts'
import { expanding, type Outline, outlineStages, type PlanOptions, type StageOutline } from './stage-outline.ts'
import { initialState, type StageState, scratchState } from './stage-state.ts'
import { type BuildPlan, dependenciesOf, type StageBase, type StagePlan, type Step } from './step.ts'

/** Answers what configuration a base image has; the only thing planning needs to know of the world. */
export type BaseConfigs = (reference: ImageReference, platform: Platform) => Promise<ImageConfig>

interface PlannedStage {
  readonly plan: StagePlan
  readonly final: StageState
}

interface Planning {
  readonly dockerfile: Dockerfile
  readonly options: PlanOptions
  readonly outline: Outline
  readonly baseConfigs: BaseConfigs
  readonly planned: Map<number, Promise<PlannedStage>>
}

/** Turns a Dockerfile and its options into the stages and steps to do. Stages the target does not need are left out. */
export async function planBuild(
  dockerfile: Dockerfile,
  options: PlanOptions,
  baseConfigs: BaseConfigs,
): Promise<BuildPlan> {
  const outline = outlineStages(dockerfile, options)
  const planning: Planning = { dockerfile, options, outline, baseConfigs, planned: new Map() }
  const target = (await planStage(outline.target, planning)).plan
  const also = await Promise.all(outline.also.map(async (stage) => (await planStage(stage, planning)).plan))
  const stages = (await Promise.all(planning.planned.values())).map((stage) => stage.plan)
  const labelled = { ...target, config: withLabels(target.config, options.labels) }
  return {
    dockerfile: dockerfile.name,
    stages: stages.map((stage) => (stage === target ? labelled : stage)).sort((a, b) => a.index - b.index),
    target: labelled,
    also: [...new Set(also)].filter((stage) => stage !== target),
    pruned: prunedStages(outline, new Set(planning.planned.keys())),
  }
}

function planStage(stage: StageOutline, planning: Planning): Promise<PlannedStage> {
  const known = planning.planned.get(stage.index)
  if (known !== undefined) return known
  const planned = planSteps(stage, planning)
  planning.planned.set(stage.index, planned)
  return planned
}

async function planSteps(stage: StageOutline, planning: Planning): Promise<PlannedStage> {
  const { dockerfile } = planning
  const { state: start, triggers } = await baseState(stage, planning)
  const steps: Step[] = []
  let state = start
  const take = (instruction: Instruction, line: number): void => {
    const own = line === instruction.line ? { endLine: instruction.endLine } : {}
    const where = { line, text: instruction.text, ...own }
    const next = expanding(dockerfile, where, () => nextStep(instruction, { state, line, stage, planning }))
    steps.push(next.step)
    state = next.state
  }
  const { from } = stage.stage
  if (stage.files !== undefined) steps.push(filesStep(stage.files, { state, line: from.line, stage, planning }))
  for (const trigger of triggers) {
    const parsed = expanding(dockerfile, from, () =>
      parseOnBuild(trigger, { name: `${dockerfile.name} (ONBUILD of its base)` }),
    )
    take(parsed, from.line)
  }
  for (const instruction of stage.isReplaced === true ? [] : stage.stage.instructions) {
    take(instruction, instruction.line)
  }
  const { index, name, base, platform } = stage
  const plan: StagePlan = {
    index,
    name,
    line: from.line,
    base,
    platform,
    steps,
    config: state.config,
    author: state.author,
    ...(stage.isReplaced === true ? { isReplaced: true } : {}),
  }
  await Promise.all(
    dependenciesOf(plan).map((needed) => planStage(planning.outline.stages[needed] as StageOutline, planning)),
  )
  return { plan, final: state }
}

interface BaseState {
  readonly state: StageState
  readonly triggers: readonly string[]
}

async function baseState({ base, stage, isReplaced }: StageOutline, planning: Planning): Promise<BaseState> {
  const common = { escape: planning.dockerfile.escape }
  if (base.kind === 'scratch') return { state: initialState({ ...scratchState, ...common }), triggers: [] }
  if (base.kind === 'stage') {
    const parent = (await planStage(planning.outline.stages[base.index] as StageOutline, planning)).final
    const { config, author } = parent
    return { state: initialState({ config, author, inherited: parent, ...common }), triggers: config.OnBuild ?? [] }
  }
  const { config, author } = await baseConfig(base, stage.from, planning)
  const state = initialState({ config, author, inherited: undefined, ...common })
  const triggers = config.OnBuild ?? []
  // They wait for a stage that is built on this one.
  if (isReplaced === true && triggers.length > 0) {
    return { state: { ...state, config: { ...state.config, OnBuild: triggers } }, triggers: [] }
  }
  return { state, triggers }
}

async function baseConfig(
  base: StageBase & { kind: 'image' },
  from: FromInstruction,
  planning: Planning,
): Promise<ImageConfig> {
  try {
    return await planning.baseConfigs(base.reference, base.platform)
  } catch (error) {
    throw error instanceof HearthError ? atInstruction(error, planning.dockerfile.name, from) : error
  }
}

/** Puts the files of a named context where a stage begins with them. */
function filesStep(name: string, at: StepSurroundings): Step {
  const { dockerfile } = at.planning
  const copy = parseOnBuild('COPY . /', { name: dockerfile.name })
  if (copy.kind !== 'COPY') throw new TypeError('COPY is no COPY')
  const step = copyStepOf(copy, layerSurroundings(at))
  const text = at.stage.stage.from.text
  return { ...step, text, createdBy: `COPY --from=${name} . /`, origin: { kind: 'context', name } }
}

interface StepSurroundings {
  readonly state: StageState
  readonly line: number
  readonly stage: StageOutline
  readonly planning: Planning
}

interface NextStep {
  readonly step: Step
  readonly state: StageState
}

function nextStep(instruction: Instruction, at: StepSurroundings): NextStep {
  const { state } = at
  const around = layerSurroundings(at)
  switch (instruction.kind) {
    case 'RUN':
      return { step: runStepOf(instruction, around), state }
    case 'COPY':
      return { step: copyStepOf(instruction, around), state }
    case 'ADD':
      return { step: addStepOf(instruction, around), state }
    case 'WORKDIR': {
      const step = workdirStepOf(instruction, around)
      // The root always exists, so there is nothing to make a layer of.
      return step.path === '/' ? configStep(instruction, at) : { step, state: { ...state, config: step.config } }
    }
    default:
      return configStep(instruction, at)
  }
}

function layerSurroundings({ state, line, stage, planning }: StepSurroundings): LayerSurroundings {
  const { buildArgs, platform, contexts, hostname } = planning.options
  return { hostname, state, line, stages: planning.outline.stages, stage, buildArgs, platform, contexts }
}

function configStep(instruction: ConfigInstruction, { state, line, planning }: StepSurroundings): NextStep {
  const { options, outline } = planning
  const sources = { buildArgs: options.buildArgs, globalArgs: outline.globalArgs }
  const { state: next, createdBy } = changeConfig(instruction, state, sources)
  return { step: { kind: 'config', line, text: instruction.text, createdBy, config: next.config }, state: next }
}

/** Names of --build-arg that nothing takes: no ARG declares them, and they are not predefined. */
export function unusedBuildArgs(dockerfile: Dockerfile, buildArgs: BuildArgs): readonly string[] {
  const instructions = dockerfile.stages.flatMap((stage) => stage.instructions)
  const inner = instructions.map((found) => (found.kind === 'ONBUILD' ? found.instruction : found))
  const args = [...dockerfile.metaArgs, ...inner.filter((found) => found.kind === 'ARG')]
  const declared = new Set(args.flatMap((arg) => arg.args.map(([name]) => name)))
  return Object.keys(buildArgs).filter((name) => !declared.has(name) && !isPredefinedArg(name))
}
