import fc from 'fast-check'

/** A raw word as a tree: what it is written like and what it comes to are both read off it. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'escaped'; readonly char: string }
  | { readonly kind: 'single'; readonly text: string }
  | { readonly kind: 'double'; readonly parts: readonly Part[] }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'modified'; readonly name: string; readonly operator: string; readonly word: readonly Part[] }
  | { readonly kind: 'cut'; readonly name: string; readonly operator: string; readonly pattern: string }
  | {
      readonly kind: 'replaced'
      readonly name: string
      readonly all: boolean
      readonly pattern: string
      readonly by: string
    }

export type Values = Readonly<Record<string, string | undefined>>

/** SET and MORE are set, EMPTY is empty, NONE is not there. */
export const values = fc.record({
  SET: fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', ' '), minLength: 1, maxLength: 8 }),
  MORE: fc.string({ unit: fc.constantFrom('a', 'b', '/', '"', "'", '$', '\\'), minLength: 1, maxLength: 8 }),
  EMPTY: fc.constant(''),
  NONE: fc.constant(undefined),
})

const name = fc.constantFrom('SET', 'MORE', 'EMPTY', 'NONE')
const plain = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', ':', '=', ' '), minLength: 1, maxLength: 4 })
const glob = fc
  .array(fc.constantFrom('a', 'b', 'c', '.', '*', '?', '\\*', '\\?'), { minLength: 1, maxLength: 4 })
  .map((pieces) => pieces.join(''))
// One that matches nothing at all has rules of its own, which the table of expansions pins.
const solid = glob.filter((text) => /[^*]/.test(text.replaceAll('\\*', 'x')))

/** A raw word. */
export const word: fc.Arbitrary<readonly Part[]> = fc.letrec<{ parts: readonly Part[]; part: Part; inner: Part }>(
  (tie) => {
    const text = plain.map((value): Part => ({ kind: 'text', text: value }))
    const variable = name.map((value): Part => ({ kind: 'variable', name: value }))
    const nested = fc.array(tie('part'), { maxLength: 3 })
    const modified = fc
      .record({ name, operator: fc.constantFrom(':-', '-', ':+', '+'), word: nested })
      .map((value): Part => ({ kind: 'modified', ...value }))
    const cut = fc
      .record({ name, operator: fc.constantFrom('#', '##', '%', '%%'), pattern: glob })
      .map((value): Part => ({ kind: 'cut', ...value }))
    const replaced = fc
      .record({ name, all: fc.boolean(), pattern: solid, by: fc.constantFrom('', 'x', 'yz') })
      .map((value): Part => ({ kind: 'replaced', ...value }))
    const inner = fc.oneof({ depthSize: 'small' }, text, variable, modified, cut, replaced)
    const escaped = fc.constantFrom('$', '"', "'", '\\', '}', 'a').map((char): Part => ({ kind: 'escaped', char }))
    const single = fc
      .string({ unit: fc.constantFrom('a', '$', '"', '\\', '}', ' '), maxLength: 4 })
      .map((value): Part => ({ kind: 'single', text: value }))
    const double = fc.array(tie('inner'), { maxLength: 3 }).map((parts): Part => ({ kind: 'double', parts }))
    return {
      inner,
      part: fc.oneof({ depthSize: 'small' }, inner, escaped, single, double),
      parts: fc.array(tie('part'), { maxLength: 5 }),
    }
  },
).parts

/** The word as a Dockerfile has it. */
export function written(parts: readonly Part[]): string {
  return parts.map(writtenPart).join('')
}

function writtenPart(part: Part): string {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'escaped':
      return `\\${part.char}`
    case 'single':
      return `'${part.text}'`
    case 'double':
      return `"${written(part.parts)}"`
    case 'variable':
      return `\${${part.name}}`
    case 'modified':
      return `\${${part.name}${part.operator}${written(part.word)}}`
    case 'cut':
      return `\${${part.name}${part.operator}${part.pattern}}`
    case 'replaced':
      return `\${${part.name}${part.all ? '//' : '/'}${part.pattern}/${part.by}}`
  }
}

/** What the word comes to, by the rules of the Dockerfile reference. */
export function evaluated(parts: readonly Part[], scope: Values): string {
  return parts.map((part) => evaluatedPart(part, scope)).join('')
}

function evaluatedPart(part: Part, scope: Values): string {
  if (part.kind === 'text' || part.kind === 'single') return part.text
  if (part.kind === 'escaped') return part.char
  if (part.kind === 'double') return evaluated(part.parts, scope)
  const value = scope[part.name]
  if (part.kind === 'variable') return value ?? ''
  if (part.kind === 'modified') {
    const isThere = part.operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
    const inner = evaluated(part.word, scope)
    if (part.operator.endsWith('-')) return isThere ? (value ?? '') : inner
    return isThere ? inner : ''
  }
  return part.kind === 'cut' ? cut(value ?? '', part) : replaced(value ?? '', part)
}

/** Every end is tried, shortest first. */
function cut(value: string, { operator, pattern }: Extract<Part, { kind: 'cut' }>): string {
  const lengths = Array.from({ length: value.length + 1 }, (_, i) => i)
  const isPrefix = operator.startsWith('#')
  const matching = lengths.filter((length) => {
    return whole(pattern, isPrefix ? value.slice(0, length) : value.slice(value.length - length))
  })
  const length = (operator.length === 1 ? matching[0] : matching.at(-1)) ?? 0
  return isPrefix ? value.slice(length) : value.slice(0, value.length - length)
}

/** From the left, each time the longest match. */
function replaced(value: string, { all, pattern, by }: Extract<Part, { kind: 'replaced' }>): string {
  for (let start = 0; start < value.length; start++) {
    for (let end = value.length; end > start; end--) {
      if (!whole(pattern, value.slice(start, end))) continue
      const rest = value.slice(end)
      return (
        value.slice(0, start) + by + (all ? replaced(rest, { kind: 'replaced', name: '', all, pattern, by }) : rest)
      )
    }
  }
  return value
}

/** Whether a pattern matches all of a text, tried the slow way. */
function whole(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] === '*') return whole(pattern.slice(1), text) || (text !== '' && whole(pattern, text.slice(1)))
  const char = pattern[0] === '\\' ? pattern[1] : pattern[0]
  const width = pattern[0] === '\\' ? 2 : 1
  return text !== '' && (pattern[0] === '?' || text[0] === char) && whole(pattern.slice(width), text.slice(1))
}
