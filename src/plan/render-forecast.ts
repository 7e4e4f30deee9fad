import type { StageForecast, StepForecast } from './forecast.ts'
import type { StagePlan } from './step.ts'

/** What stands below each step that makes a layer: its verdict, and what its key is made of. By position of the step. */
export function forecastLines(
  stage: StagePlan,
  forecast: StageForecast | undefined,
): ReadonlyMap<number, readonly string[]> {
  const layers = [...stage.steps.entries()].filter(([, step]) => step.kind !== 'config')
  return new Map(
    layers.flatMap(([position], i) => {
      const found = forecast?.steps[i]
      return found === undefined ? [] : [[position, stepLines(found)] as const]
    }),
  )
}

const indent = ' '.repeat(14)

function stepLines(step: StepForecast): readonly string[] {
  const { verdict, why, key } = step
  const shown = key === undefined ? 'no key yet,' : `key ${key.slice(0, 12)}`
  const reason = why === undefined ? '' : `  (${why.replaceAll('\n', '; ')})`
  return [`${indent}${verdict.padEnd(7)}  ${shown} of ${partsOf(step).join(', ')}${reason}`]
}

/** Names of what the key is made of; what is empty is left out, though an empty value is part of the key as well. */
function partsOf({ fields, inputs }: StepForecast): readonly string[] {
  const named = Object.entries(fields).filter(([, value]) => !isEmpty(value))
  const files = inputs === undefined ? [] : [`${inputs.count} ${inputs.count === 1 ? 'file' : 'files'}`]
  return ['parent', 'platform', ...named.map(([name]) => name), ...files]
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
}
