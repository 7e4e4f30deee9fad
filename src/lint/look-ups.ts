import { expandHeredoc, expandWord } from '../dockerfile/expand.ts'
import type { EscapeCharacter, Heredoc, Instruction } from '../dockerfile/instruction.ts'
import type { Variables } from '../plan/scope.ts'
import { attempt } from './base.ts'

/** The variables an expansion asks for. */
export interface LookUps {
  readonly set: ReadonlySet<string>
  readonly unset: ReadonlySet<string>
  readonly text: string
}

/** What a raw word asks for; undefined where it cannot be expanded. */
export function lookUps(raw: string, scope: Variables, escapeCharacter: EscapeCharacter): LookUps | undefined {
  return recording(scope, (look) => expandWord(raw, look, { escape: escapeCharacter }))
}

/** The same for the body of a heredoc. */
export function heredocLookUps(body: string, scope: Variables): LookUps | undefined {
  return recording(scope, (look) => expandHeredoc(body, look))
}

function recording(
  scope: Variables,
  expand: (look: (name: string) => string | undefined) => string,
): LookUps | undefined {
  const set = new Set<string>()
  const unset = new Set<string>()
  const text = attempt(() =>
    expand((name) => {
      const value = scope.get(name)
      ;(value === undefined ? unset : set).add(name)
      return value
    }),
  )
  return text === undefined ? undefined : { set, unset, text }
}

/** The raw words of an instruction that the builder expands. EXPOSE is no such one: an empty port is an error there. */
export function expandedWords(instruction: Instruction): readonly string[] {
  switch (instruction.kind) {
    case 'ENV':
    case 'LABEL':
      return instruction.pairs.flat()
    case 'WORKDIR':
    case 'USER':
    case 'STOPSIGNAL':
      return [instruction.value]
    case 'VOLUME':
      return instruction.values
    case 'COPY':
    case 'ADD': {
      const { sources, destination, chown, chmod, exclude } = instruction
      const checksum = instruction.kind === 'ADD' ? instruction.checksum : undefined
      return [...sources, destination, chown, chmod, checksum, ...exclude].filter((word) => word !== undefined)
    }
    default:
      return []
  }
}

/** The documents in an instruction that the builder expands. */
export function expandedHeredocs(instruction: Instruction): readonly Heredoc[] {
  if (instruction.kind !== 'COPY' && instruction.kind !== 'ADD') return []
  return instruction.heredocs.filter(({ expand }) => expand)
}
