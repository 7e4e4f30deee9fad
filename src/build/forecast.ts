import { canonicalInputs, type KeyRecord } from '../../cache/key.ts'
import type { CachedLayer, LayerCache } from '../../cache/layer-cache.ts'
import { messageOf } from '../errors.ts'
import { digestOf } from '../oci/digest.ts'
import type { Forecast, StepForecast, Verdict } from '../plan/forecast.ts'
import { type BuildPlan, type LayerStep, type StagePlan, sourceStagesOf, stageTitle } from '../plan/step.ts'
import { Agreement } from './agreement.ts'
import { createGraph } from './build.ts'
import type { BuildGraph } from './build-graph.ts'
import { explainStep } from './explain-step.ts'
import type { KeyedStep } from './keyed-stage.ts'
import { identityOfLayers, lineageAfter, lineageFor, madeOnOf } from './lineage.ts'
import { noDownloads } from './no-downloads.ts'
import { noRepositories } from './no-repositories.ts'
import type { BuildRooms } from './rooms.ts'
import { RootTurns } from './root-turns.ts'
import { keyRecordOf } from './step-key.ts'

const noLayers: LayerCache = {
  lookup: async () => undefined,
  store: async () => undefined,
  close: async () => {},
}

/** What is known of a stage's steps before anybody has judged them. */
interface AskedStage {
  readonly plan: StagePlan
  readonly keyed: readonly KeyedStep[]
  /** Why the step after the last keyed one has no key. */
  readonly failure: string | undefined
  readonly hits: readonly (CachedLayer | undefined)[]
  /** Why there is no layer, for each step that the cache was asked for and has none of. */
  readonly misses: readonly (string | undefined)[]
}

interface JudgedStage {
  readonly verdicts: readonly Judged[]
  /** The lineage in the end, where it is known; of a stage that is cached throughout it is. */
  readonly lineage: string | undefined
  readonly isWhole: boolean
  /** The step that has to run before more can be said. */
  readonly waitsFor: string | undefined
}

interface Judged {
  readonly verdict: Verdict
  readonly why?: string
}

/**
 * Foretells what a build would find in its cache, of which only the local tier is asked. Nothing runs, no layer is
 * read, nothing is downloaded or written; the files of contexts are read, as they go into keys.
 */
export async function forecastBuild(plan: BuildPlan, given: BuildRooms): Promise<Forecast> {
  // Without a cache, the files of contexts would not be read for the keys.
  const rooms = { ...given, http: noDownloads, git: noRepositories, cache: given.cache ?? noLayers }
  const graph = createGraph(plan, rooms, { distrusted: new Set(), turns: new RootTurns(), trees: undefined })
  const asked = new Map<number, AskedStage>()
  for (const stage of plan.stages) {
    const found = await askAbout(stage, graph, rooms)
    const misses = await explainMisses(found, { graph, rooms, asked })
    asked.set(stage.index, { ...found, misses })
  }
  const judged = await judgeAll(plan, asked, rooms)
  const needed = workedOn(plan, judged)
  return new Map(
    [...asked].map(([index, stage]) => {
      const verdicts = judged.get(index)?.verdicts ?? []
      return [index, { isWorkedOn: needed.has(index), steps: stepsOf(stage, verdicts, rooms) }]
    }),
  )
}

interface Explaining {
  readonly graph: BuildGraph
  readonly rooms: BuildRooms
  /** The stages above which this one is built, among others. */
  readonly asked: ReadonlyMap<number, AskedStage>
}

/** In the words in which the build will say it. */
async function explainMisses(
  { plan: stage, keyed: steps, hits }: Omit<AskedStage, 'misses'>,
  { graph, rooms, asked }: Explaining,
): Promise<AskedStage['misses']> {
  const { misses } = rooms
  if (misses === undefined) return []
  const { base } = stage
  let follows = base.kind === 'stage' && asked.get(base.index)?.hits.includes(undefined) === true
  const reasons: (string | undefined)[] = []
  for (const [i, keyed] of steps.entries()) {
    if (hits[i] !== undefined || policyOf(keyed.step, rooms) === 'none') reasons.push(undefined)
    else {
      const around = { stage, steps, graph, rooms, follows, unusable: undefined }
      reasons.push((await explainStep(misses.reader, keyed, around)).explanation.text)
    }
    follows ||= hits[i] === undefined
  }
  return reasons
}

async function askAbout(plan: StagePlan, graph: BuildGraph, rooms: BuildRooms): Promise<Omit<AskedStage, 'misses'>> {
  const { lookups } = graph.stage(plan.index)
  let failure: string | undefined
  try {
    await lookups.keyed()
  } catch (error) {
    rooms.signal?.throwIfAborted()
    failure = messageOf(error)
  }
  const keyed = lookups.keyedSoFar
  const hits = await Promise.all(keyed.map(({ step, key }) => ask(key, lookups.policy(step), rooms)))
  return { plan, keyed, failure, hits }
}

async function ask(
  key: KeyedStep['key'],
  policy: 'all' | 'local' | 'none',
  { cache, signal }: BuildRooms,
): Promise<CachedLayer | undefined> {
  if (policy === 'none') return undefined
  return await cache?.lookup(key, { remote: false, ...(signal === undefined ? {} : { signal }) })
}

async function judgeAll(
  plan: BuildPlan,
  asked: ReadonlyMap<number, AskedStage>,
  rooms: BuildRooms,
): Promise<ReadonlyMap<number, JudgedStage>> {
  const judged = new Map<number, JudgedStage>()
  const agreement = new Agreement({
    plans: plan.stages,
    distrusted: new Set(),
    lookups: (index) => ({
      lineage: async () => (judged.get(index)?.isWhole === true ? judged.get(index)?.lineage : undefined),
      hits: async () => (asked.get(index)?.hits ?? []).map((hit) => Promise.resolve(hit)),
    }),
  })
  const isSquashed = (stage: StagePlan): boolean => rooms.layers.singleSnapshot && stage === plan.target
  for (const stage of asked.values()) {
    const base = await baseOf(stage.plan, judged, rooms)
    const around = { base, agreement, plan, rooms, isSquashed: isSquashed(stage.plan) }
    judged.set(stage.plan.index, await judge(stage, around))
  }
  return judged
}

type Standing = Pick<JudgedStage, 'lineage' | 'waitsFor' | 'isWhole'>

async function baseOf(
  { base }: StagePlan,
  judged: ReadonlyMap<number, JudgedStage>,
  rooms: BuildRooms,
): Promise<Standing> {
  const known = { waitsFor: undefined, isWhole: true }
  if (base.kind === 'scratch') return { ...known, lineage: 'scratch' }
  if (base.kind === 'image') {
    const { image } = await rooms.images.find(base.reference, base.platform)
    return { ...known, lineage: identityOfLayers(image.layers) }
  }
  return judged.get(base.index) ?? { lineage: undefined, waitsFor: `stage ${base.index}`, isWhole: false }
}

interface Judging {
  readonly base: Standing
  readonly agreement: Agreement
  readonly plan: BuildPlan
  readonly rooms: BuildRooms
  readonly isSquashed: boolean
}

async function judge(stage: AskedStage, around: Judging): Promise<JudgedStage> {
  let { lineage, waitsFor, isWhole } = around.base
  const verdicts: Judged[] = []
  for (const [i, { step, key }] of stage.keyed.entries()) {
    const sources = await agreedSources(step, around.agreement)
    const missing = sources.find((source) => source.lineage === undefined)
    const lineages = sources.flatMap((source) => source.lineage ?? [])
    const hit = stage.hits[i]
    const why = stage.misses[i]
    const found = judgeStep({ step, hit, why, lineage, waitsFor, missing: missing?.stage, sources: lineages }, around)
    verdicts.push(found)
    isWhole &&= found.verdict === 'hit'
    const isUntold = (step.kind === 'run' && found.verdict !== 'hit') || missing !== undefined
    if (isUntold) waitsFor ??= `line ${step.line}`
    const diffID = found.verdict === 'hit' ? hit?.layer.diffID : undefined
    lineage =
      lineage === undefined || isUntold ? undefined : lineageAfter(lineage, { step, key, sources: lineages, diffID })
  }
  const whole = isWhole && stage.failure === undefined
  return { verdicts, lineage: stage.failure === undefined ? lineage : undefined, isWhole: whole, waitsFor }
}

interface StepToJudge {
  readonly step: LayerStep
  readonly hit: CachedLayer | undefined
  readonly why: string | undefined
  readonly lineage: string | undefined
  readonly waitsFor: string | undefined
  /** A stage whose files it takes, and whose lineage is not known. */
  readonly missing: number | undefined
  /** The lineages of those stages. */
  readonly sources: readonly string[]
}

async function agreedSources(
  step: LayerStep,
  agreement: Agreement,
): Promise<readonly { readonly stage: number; readonly lineage: string | undefined }[]> {
  return Promise.all(sourceStagesOf(step).map(async (stage) => ({ stage, lineage: await agreement.lineageOf(stage) })))
}

function judgeStep({ step, hit, why, waitsFor, missing, sources, ...below }: StepToJudge, around: Judging): Judged {
  const lineage = lineageFor(step, below.lineage)
  const { plan, rooms, isSquashed } = around
  if (isSquashed) return miss('the stage becomes one layer, which no cache has')
  if (rooms.cache === noLayers) return miss('no cache is used')
  if (hit === undefined)
    return miss(policyOf(step, rooms) === 'none' ? 'it is not cached' : (why ?? 'the cache directory does not have it'))
  if (missing !== undefined) return miss(`${titleOf(plan, missing)} must be built first`)
  if (lineage === undefined) {
    return { verdict: 'depends', why: `used if ${waitsFor ?? 'what is below'} gives the same result again` }
  }
  return hit.madeOn === madeOnOf(lineage, sources)
    ? { verdict: 'hit' }
    : miss('the cached layer was made on other results of earlier commands')
}

function miss(why: string): Judged {
  return { verdict: 'miss', why }
}

function policyOf(step: LayerStep, { cachePolicy }: BuildRooms): 'all' | 'local' | 'none' {
  return step.kind === 'run' || step.kind === 'workdir' ? cachePolicy.run : cachePolicy.copy
}

function titleOf({ stages }: BuildPlan, index: number): string {
  const stage = stages.find((candidate) => candidate.index === index)
  return stage?.name === undefined ? `stage ${index}` : `stage ${stageTitle(stage)}`
}

/** The targets, what they are built on, and the stages whose files are not all cached as copies. */
function workedOn(plan: BuildPlan, judged: ReadonlyMap<number, JudgedStage>): ReadonlySet<number> {
  const needed = new Set<number>()
  const need = (stage: StagePlan | undefined): void => {
    if (stage === undefined || needed.has(stage.index)) return
    needed.add(stage.index)
    const byIndex = (index: number): StagePlan | undefined => plan.stages.find((other) => other.index === index)
    if (stage.base.kind === 'stage') need(byIndex(stage.base.index))
    const layers = stage.steps.filter((step) => step.kind !== 'config')
    for (const [i, step] of layers.entries()) {
      if (judged.get(stage.index)?.verdicts[i]?.verdict === 'hit') continue
      for (const from of sourceStagesOf(step)) need(byIndex(from))
    }
  }
  for (const stage of [plan.target, ...(plan.also ?? [])]) need(stage)
  return needed
}

function stepsOf(
  { plan, keyed, failure }: AskedStage,
  verdicts: readonly Judged[],
  rooms: BuildRooms,
): readonly StepForecast[] {
  const layers = plan.steps.filter((step) => step.kind !== 'config')
  return layers.map((step, i): StepForecast => {
    const found = keyed[i]
    if (found === undefined) {
      const why = i === keyed.length ? failure : 'a step below has no key yet'
      return {
        verdict: 'unknown',
        why,
        key: undefined,
        parent: undefined,
        fields: knownFields(step, plan, rooms),
        inputs: undefined,
      }
    }
    const { key, record } = found
    const { verdict, why } = verdicts[i] ?? { verdict: 'unknown' }
    return { verdict, why, key, parent: record.parent, fields: record.fields, inputs: inputsOf(record) }
  })
}

function knownFields(step: LayerStep, { platform }: StagePlan, rooms: BuildRooms): StepForecast['fields'] {
  const { layers } = rooms
  const unknown = { parent: '', origin: undefined, inputs: [], mounts: [] }
  const { fields } = keyRecordOf(step, { ...unknown, platform, layers })
  const { from: _notKnown, ...known } = fields
  return known
}

function inputsOf({ inputs }: KeyRecord): StepForecast['inputs'] {
  if (inputs === undefined) return undefined
  return { digest: digestOf(canonicalInputs(inputs)), count: inputs.length }
}
