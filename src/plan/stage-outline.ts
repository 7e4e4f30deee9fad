import type { Dockerfile, DockerfileStage } from '../dockerfile/dockerfile.ts'
import { expandWord, type Scope } from '../dockerfile/expand.ts'
import { suggestion } from '../dockerfile/suggestion.ts'
import { placed } from '../dockerfile/syntax-error.ts'
import { HearthError } from '../errors.ts'
import { type Platform, parsePlatform } from '../oci/platform.ts'
import { parseReference } from '../oci/reference.ts'
import { contextNamed, type NamedContext, type NamedContexts } from './named-contexts.ts'
import { type BuildArgs, givenArg, platformArgs, type Variables } from './scope.ts'
import type { StageBase } from './step.ts'

export interface PlanOptions {
  /** Name or index of the stage to build; the last one when undefined. */
  readonly target: string | undefined
  /** Further stages to build; none becomes the image. */
  readonly alsoBuilt?: readonly string[]
  readonly buildArgs: BuildArgs
  /** Labels of the finished image; they win over LABEL. */
  readonly labels: Readonly<Record<string, string>>
  readonly platform: Platform
  /** Platform of the machine that builds. */
  readonly buildPlatform: Platform
  /** What takes the place of stages and images by name. */
  readonly contexts?: NamedContexts
  /** What commands find the machine called; undefined leaves it to those who run them. */
  readonly hostname?: string | undefined
}

/** A stage with its FROM understood and nothing else. */
export interface StageOutline {
  readonly index: number
  readonly name: string | undefined
  readonly base: StageBase
  readonly platform: Platform
  readonly stage: DockerfileStage
  /** Name of the context whose files the stage begins with, on nothing. */
  readonly files?: string
  /** A context took the place of the whole stage, whose instructions do not count. */
  readonly isReplaced?: boolean
}

export interface Outline {
  readonly stages: readonly StageOutline[]
  readonly target: StageOutline
  /** The further stages that are wanted. */
  readonly also: readonly StageOutline[]
  /** Arguments declared before the first FROM and predefined ones: what `ARG name` in a stage picks up. */
  readonly globalArgs: Variables
}

/** Resolves every FROM: to an image, to scratch or to an earlier stage. */
export function outlineStages(dockerfile: Dockerfile, options: PlanOptions): Outline {
  const wanted = targetIndex(dockerfile, options.target)
  const globalArgs = collectGlobalArgs(dockerfile, options, dockerfile.stages[wanted]?.name)
  const stages: StageOutline[] = []
  const earlier = new Map<string, StageOutline>()
  for (const [index, stage] of dockerfile.stages.entries()) {
    const outlined = outline(stage, { index, earlier, globalArgs, dockerfile, options })
    stages.push(outlined)
    if (outlined.name !== undefined) earlier.set(outlined.name, outlined)
  }
  const also = (options.alsoBuilt ?? []).map((name) => stages[targetIndex(dockerfile, name)] as StageOutline)
  return { stages, target: stages[wanted] as StageOutline, also, globalArgs }
}

/** The latest stage of that name before `before`; names do not depend on case. */
export function stageNamed(stages: readonly StageOutline[], name: string, before: number): StageOutline | undefined {
  const lower = name.toLowerCase()
  return stages.slice(0, before).findLast((stage) => stage.name === lower)
}

/** The arguments declared above the first FROM and the predefined ones, for the stage of that name. */
export function collectGlobalArgs(
  dockerfile: Dockerfile,
  options: Pick<PlanOptions, 'platform' | 'buildPlatform' | 'buildArgs'>,
  stage: string | undefined,
): Variables {
  const { platform: target, buildPlatform: build, buildArgs } = options
  const args = new Map(platformArgs({ build, target, stage: stage ?? 'default' }))
  for (const [name, value] of args) args.set(name, givenArg(buildArgs, name) ?? value)
  for (const instruction of dockerfile.metaArgs) {
    for (const [name, fallback] of instruction.args) {
      const given = givenArg(buildArgs, name)
      if (given !== undefined) args.set(name, given)
      else if (fallback !== undefined) {
        args.set(
          name,
          expanding(dockerfile, instruction, () => expandWord(fallback, (n) => args.get(n), dockerfile)),
        )
      }
    }
  }
  return args
}

interface OutlineState {
  readonly index: number
  /** The latest stage of each name. */
  readonly earlier: ReadonlyMap<string, StageOutline>
  readonly globalArgs: Variables
  readonly dockerfile: Dockerfile
  readonly options: PlanOptions
}

function outline(stage: DockerfileStage, state: OutlineState): StageOutline {
  const { index, earlier, globalArgs, dockerfile, options } = state
  const { from } = stage
  const lookUp: Scope = (name) => globalArgs.get(name)
  const common = { index, name: stage.name, stage }
  return expanding(dockerfile, from, () => {
    const image = expandWord(from.image, lookUp, dockerfile)
    if (image.trim() === '') throw blankBase(from.image)
    const platform = from.platform === undefined ? options.platform : givenPlatform(from.platform, lookUp, dockerfile)
    const replacement = stage.name === undefined ? undefined : contextNamed(options.contexts, stage.name)
    if (stage.name !== undefined && replacement !== undefined) {
      return { ...common, ...beginningWith(replacement, stage.name, platform), isReplaced: true }
    }
    const parent = earlier.get(image.toLowerCase())
    if (parent !== undefined)
      return { ...common, base: { kind: 'stage', index: parent.index }, platform: parent.platform }
    if (image === 'scratch') return { ...common, base: { kind: 'scratch' }, platform: options.platform }
    const context = contextNamed(options.contexts, image)
    if (context !== undefined) return { ...common, ...beginningWith(context, image, platform) }
    return { ...common, base: { kind: 'image', reference: parseReference(image), platform }, platform }
  })
}

function beginningWith(
  context: NamedContext,
  name: string,
  platform: Platform,
): Pick<StageOutline, 'base' | 'platform' | 'files'> {
  if (context.kind === 'image') return { base: { kind: 'image', reference: context.reference, platform }, platform }
  return { base: { kind: 'scratch' }, platform, ...(context.kind === 'files' ? { files: name } : {}) }
}

function givenPlatform(raw: string, lookUp: Scope, dockerfile: Dockerfile): Platform {
  const text = expandWord(raw, lookUp, dockerfile)
  if (text !== '') return parsePlatform(text)
  throw new HearthError({
    code: 'platform-invalid',
    message: `FROM names no platform: "${raw}" is empty after expansion`,
    fix: 'Give the argument a default before the first FROM, or leave --platform out.',
  })
}

/** Runs an expansion; an error gets the instruction's place. */
export function expanding<T>(dockerfile: Dockerfile, at: Parameters<typeof placed>[1], expand: () => T): T {
  return placed(dockerfile.name, at, expand)
}

function targetIndex(dockerfile: Dockerfile, target: string | undefined): number {
  const { stages } = dockerfile
  if (target === undefined || target === '') return stages.length - 1
  const named = stages.findLastIndex((stage) => stage.name === target.toLowerCase())
  if (named >= 0) return named
  if (/^\d+$/.test(target) && Number(target) < stages.length) return Number(target)
  const names = stages.map((stage, i) => stage.name ?? String(i))
  const meant = suggestion(
    target.toLowerCase(),
    stages.flatMap(({ name }) => name ?? []),
  )
  throw new HearthError({
    code: 'dockerfile-stage',
    message: `"${target}" is not a valid target build stage`,
    where: dockerfile.name,
    why:
      stages.length === 1 ? `the only stage is ${stages[0]?.name ?? 'number 0'}` : `the stages are ${names.join(', ')}`,
    fix: meant ?? (stages.length === 1 ? 'Leave --target out.' : 'Give --target the name or number of one of them.'),
  })
}

function blankBase(raw: string): HearthError {
  return new HearthError({
    code: 'dockerfile-stage',
    message: `FROM names no image: "${raw}" is empty after expansion`,
    fix: 'Give the argument a default before the first FROM, or a value with --build-arg.',
  })
}
