import { formatPlatform } from '../oci/platform.ts'
import { formatReference } from '../oci/reference.ts'
import type { Forecast, StepForecast } from './forecast.ts'
import type { PlannedOutputs } from './render.ts'
import { type BuildPlan, dependenciesOf, type Origin, type StageBase, type StagePlan, type Step } from './step.ts'

/** A plan as one JSON document; the README describes its members. */
export function planDocument(plan: BuildPlan, outputs: PlannedOutputs, forecast: Forecast): string {
  const document = {
    version: 1,
    dockerfile: plan.dockerfile,
    target: plan.target.index,
    targets: [plan.target, ...(plan.also ?? [])].map(({ index }) => index),
    stages: plan.stages.map((stage) => stageOf(stage, forecast)),
    pruned: (plan.pruned ?? []).map(({ index, name, line, why }) => ({ index, name: name ?? null, line, why })),
    image: { config: plan.target.config, author: plan.target.author ?? null },
    outputs: {
      destinations: outputs.destinations,
      tarPath: outputs.tarPath ?? null,
      ociLayoutPath: outputs.ociLayoutPath ?? null,
    },
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

function stageOf(stage: StagePlan, forecast: Forecast): object {
  const found = forecast.get(stage.index)
  const layers: readonly Step[] = stage.steps.filter((step) => step.kind !== 'config')
  return {
    index: stage.index,
    name: stage.name ?? null,
    line: stage.line,
    platform: formatPlatform(stage.platform),
    base: placeOf(stage.base),
    replaced: stage.isReplaced === true,
    needs: dependenciesOf(stage),
    workedOn: found?.isWorkedOn ?? true,
    steps: stage.steps.map((step) => stepOf(step, found?.steps[layers.indexOf(step)])),
  }
}

function stepOf(step: Step, forecast: StepForecast | undefined): object {
  const common = { line: step.line, kind: step.kind, instruction: step.text, createdBy: step.createdBy }
  if (step.kind === 'config') return { ...common, layer: false }
  const files = 'origin' in step ? { from: placeOf(step.origin) } : {}
  return { ...common, layer: true, ...files, ...(forecast === undefined ? {} : forecastOf(forecast)) }
}

function forecastOf({ verdict, why, key, parent, fields, inputs }: StepForecast): object {
  return {
    cache: { verdict, why: why ?? null },
    key: { digest: key ?? null, parent: parent ?? null, fields, inputs: inputs ?? null },
  }
}

function placeOf(place: StageBase | Origin): object {
  if (place.kind !== 'image') return { ...place }
  return { kind: place.kind, reference: formatReference(place.reference), platform: formatPlatform(place.platform) }
}
