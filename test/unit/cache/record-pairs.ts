import type { KeyInput, KeyRecord, KeyValue } from '../../../cache/key.ts'

/** Numbers from 0 to below 1, always the same ones for a seed. */
export type Dice = () => number

export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

// What separates values in some notation, and what is easily taken for something else.
const pieces = [
  ...[
    '',
    'a',
    'b',
    'ab',
    ' ',
    ',',
    ':',
    '=',
    '"',
    "'",
    '\\',
    '/',
    '\n',
    '\0',
    '[',
    ']',
    '{',
    '}',
    '","',
    '":"',
    '],["',
  ],
  ...[
    '0',
    '1',
    '-1',
    '1.0',
    'true',
    'false',
    'null',
    'undefined',
    '[]',
    '{}',
    '[object Object]',
    '\\u0061',
    '\\n',
    '%61',
  ],
  ...[
    'é',
    'e\u0301',
    '\ud83d\ude00',
    '\ud83d',
    '\\ud83d',
    '\ufffd',
    '\u2028',
    '\u212b',
    '\u00c5',
    'sha256:',
    '__proto__',
  ],
]
const names = ['argv', 'env', 'user', 'from', 'a', 'b', 'a.b', 'inputs', 'fields', 'parent', '', '0', '1', '__proto__']

function pick<T>(dice: Dice, from: readonly T[]): T {
  return from[Math.floor(dice() * from.length)] as T
}

function count(dice: Dice, most: number): number {
  return Math.floor(dice() * (most + 1))
}

function listOf<T>(dice: Dice, most: number, make: () => T): T[] {
  return Array.from({ length: count(dice, most) }, make)
}

function text(dice: Dice): string {
  return listOf(dice, 3, () => pick(dice, pieces)).join('')
}

function value(dice: Dice, depth = 2): KeyValue {
  const kind = count(dice, depth > 0 ? 5 : 3)
  if (kind === 0) return pick<KeyValue>(dice, [true, false, null, '', 'null', 'true'])
  if (kind === 1) return pick<KeyValue>(dice, [0, 1, -1, 0.1, 1e21, 2 ** 53, '0', '1', '-1', '0.1', '1e+21'])
  if (kind <= 3) return text(dice)
  if (kind === 4) return listOf(dice, 3, () => value(dice, depth - 1))
  return fields(dice, depth - 1)
}

function fields(dice: Dice, depth: number): { readonly [name: string]: KeyValue } {
  return Object.fromEntries(listOf(dice, 3, () => [pick(dice, names), value(dice, depth)] as const))
}

function input(dice: Dice): KeyInput {
  return {
    path: text(dice),
    type: pick(dice, ['file', 'symlink', 'directory']),
    mode: pick(dice, [0o644, 0o755, 0]),
    content: text(dice),
    ...(dice() < 0.3 ? { uid: count(dice, 1), gid: count(dice, 1) } : {}),
    ...(dice() < 0.2 ? { xattrs: { [pick(dice, names)]: text(dice) } } : {}),
    ...(dice() < 0.1 ? { link: count(dice, 1) } : {}),
  }
}

export function randomRecord(dice: Dice): KeyRecord {
  return {
    version: 1,
    parent: pick(dice, ['scratch', 'link', 'a', text(dice)]),
    platform: pick(dice, ['linux/amd64', 'linux/arm64', 'linux/arm/v7']),
    instruction: pick<KeyRecord['instruction']>(dice, ['RUN', 'COPY', 'ADD', 'WORKDIR']),
    fields: fields(dice, 2),
    ...(dice() < 0.5 ? { inputs: listOf(dice, 3, () => input(dice)) } : {}),
  }
}

type Tree = string | number | boolean | null | Tree[] | { [name: string]: Tree }

/** The same record but for one thing that a careless notation would not tell apart; sometimes the very same. */
export function neighbourOf(record: KeyRecord, dice: Dice): KeyRecord {
  const name = pick(dice, [
    'parent',
    'platform',
    'instruction',
    'fields',
    'fields',
    'fields',
    'inputs',
    'inputs',
  ] as const)
  const { inputs, parent, platform, ...rest } = record
  if (name === 'inputs' && dice() < 0.2)
    return { parent, platform, ...rest, inputs: inputs === undefined ? [] : inputs.slice(1) }
  if (name === 'inputs' && inputs === undefined) return { parent, platform, ...rest }
  if (name === 'parent' && dice() < 0.3) return { ...record, parent: parent + platform[0], platform: platform.slice(1) }
  return { ...record, [name]: changed(record[name] as unknown as Tree, dice) }
}

/** Goes down a random path and changes what is there, keeping what TypeScript promises of records but not of values. */
function changed(at: Tree, dice: Dice): Tree {
  if (typeof at === 'string') return changedText(at, dice)
  if (typeof at === 'number') return pick<Tree>(dice, [at, String(at), at + 1, [at]])
  if (typeof at !== 'object' || at === null) return pick<Tree>(dice, [at, String(at), null, '', []])
  return Array.isArray(at) ? changedList(at, dice) : changedObject(at, dice)
}

function changedText(at: string, dice: Dice): Tree {
  const piece = pick(dice, pieces)
  const wise: readonly Tree[] = [
    at + piece,
    piece + at,
    at.slice(1),
    at.slice(0, -1),
    at.normalize('NFC'),
    at.normalize('NFD'),
  ]
  const otherwise: readonly Tree[] = [JSON.stringify(at), [at], null, Number(at) || 0, { [at]: '' }, escape(at)]
  return pick(dice, [...wise, ...otherwise])
}

function changedList(at: Tree[], dice: Dice): Tree {
  const i = count(dice, Math.max(at.length - 1, 0))
  const [one, other] = [at[i], at[i + 1]]
  const before = at.slice(0, i)
  if (typeof one === 'string' && typeof other === 'string' && dice() < 0.6) {
    const after = at.slice(i + 2)
    const joined = one + pick(dice, ['', ' ', ',', '","']) + other
    const moved = [one.slice(0, -1), one.slice(-1) + other]
    return pick<Tree>(dice, [
      [...before, joined, ...after],
      [...before, ...moved, ...after],
      [...before, other, one, ...after],
    ])
  }
  if (one === undefined) return pick<Tree>(dice, [[''], [[]], null, '', {}, [null]])
  if (dice() < 0.5) return [...before, changed(one, dice), ...at.slice(i + 1)]
  return pick<Tree>(dice, [
    [...before, ...at.slice(i + 1)],
    [...at, one],
    [at],
    [before, at.slice(i)],
    Object.fromEntries(at.entries()),
  ])
}

function changedObject(at: { [name: string]: Tree }, dice: Dice): Tree {
  const entries = Object.entries(at)
  const i = count(dice, Math.max(entries.length - 1, 0))
  const [name, own] = entries[i] ?? []
  if (name === undefined || own === undefined) return pick<Tree>(dice, [{ '': '' }, { a: null }, [], null])
  const others = entries.filter((_, index) => index !== i)
  const [next] = others
  if (next !== undefined && typeof own === 'string' && typeof next[1] === 'string' && dice() < 0.4) {
    const moved = [
      [name, own.slice(0, -1)],
      [next[0], own.slice(-1) + next[1]],
    ] as const
    return Object.fromEntries([...others.slice(1), ...moved])
  }
  const exchanged = typeof own === 'string' ? own : name
  const changes: readonly (readonly [string, Tree][])[] = [
    [...others, [name, changed(own, dice)]],
    [...others, [name, changed(own, dice)]],
    [...others],
    [...others, [exchanged, name]],
    [...others, [pick(dice, names), own]],
    [...others.toReversed(), [name, own]],
  ]
  return Object.fromEntries(pick(dice, changes))
}
