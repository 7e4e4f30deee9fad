import type { StepFate } from '../../../support/cached-builds.ts'

export interface HitColumn {
  /** What has changed. */
  readonly what: string
  readonly fates: readonly StepFate[]
}

const legend = '+ from the cache   # made   . of a stage that nobody needed   (blank) there is no such step\n'

/** One column for each change, one row for each step of any of the builds. */
export function hitTable(columns: readonly HitColumn[]): string {
  const letters = columns.map((_, i) => String.fromCharCode(97 + i))
  const changes = columns.map(({ what }, i) => `${letters[i]}  ${what}\n`)
  const rows = rowsOf(columns)
  const width = Math.max(...rows.map((row) => titleOf(row).length))
  const head = `${' '.repeat(width)}  ${letters.join(' ')}\n`
  const lines = rows.map((row) => {
    const marks = columns.map(({ fates }) => markOf(fates.find((fate) => isSame(fate, row))))
    return `${titleOf(row).padEnd(width)}  ${marks.join(' ').trimEnd()}\n`
  })
  return [legend, '\n', ...changes, '\n', head, ...lines].join('')
}

/** In the order of the Dockerfile; steps that only a change brings in come behind those they follow there. */
function rowsOf(columns: readonly HitColumn[]): readonly StepFate[] {
  const rows: StepFate[] = []
  for (const { fates } of columns) {
    let at = 0
    for (const fate of fates) {
      const known = rows.findIndex((row) => isSame(row, fate))
      if (known < 0) rows.splice(at, 0, fate)
      at = (known < 0 ? at : known) + 1
    }
  }
  return rows
}

function isSame(one: StepFate, other: StepFate): boolean {
  return one.stage === other.stage && one.text === other.text
}

function titleOf({ stage, text }: StepFate): string {
  const [line = ''] = text.split('\n')
  const title = `[${stage}] ${line}`
  return title.length > 100 ? `${title.slice(0, 97)}...` : title
}

function markOf(fate: StepFate | undefined): string {
  if (fate === undefined) return ' '
  if (fate.outcome === undefined) return '.'
  return fate.outcome === 'made' ? '#' : '+'
}
