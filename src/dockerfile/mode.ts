import { syntaxError } from './syntax-error.ts'

/** What a --chmod makes of permission bits (with setuid, setgid and sticky). */
export type ModeChange = (mode: number, isDirectory: boolean) => number

/** Parses an octal mode, or a symbolic one like "u+rwX,go-w". Throws HearthError "dockerfile-syntax". */
export function parseMode(text: string): ModeChange {
  if (/^[0-9]/.test(text)) {
    const mode = /^[0-7]{1,24}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN
    if (!(mode <= 0o7777)) throw badMode(text)
    return () => mode
  }
  const changes = text.split(',').flatMap((clause) => {
    const parsed = parseClause(clause)
    if (parsed === undefined) throw badMode(text)
    return parsed
  })
  return (mode, isDirectory) => {
    const original = { hasExecute: (mode & 0o111) !== 0, isDirectory }
    return changes.reduce((current, change) => change(current, original), mode)
  }
}

/** What "X" goes by: the file as it was before any change. */
interface Original {
  readonly hasExecute: boolean
  readonly isDirectory: boolean
}

type Change = (mode: number, original: Original) => number

const whoBits: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o6777 }

/** "go+rX-w": whom it is about, then operators with what they add, take or set. */
function parseClause(clause: string): readonly Change[] | undefined {
  const match = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause)
  if (match === null) return undefined
  const [, letters = '', actions = ''] = match
  const who = [...letters].reduce((bits, letter) => bits | (whoBits[letter] ?? 0), 0)
  return actions.split(/(?=[-+=])/).map((action) => changeOf(who, action))
}

function changeOf(who: number, action: string): Change {
  const operator = action[0]
  const letters = [...action.slice(1)]
  // Nobody named means everybody. Others alone have no setuid, setgid or sticky bit.
  const wanted = who === 0 ? 0o6777 : who
  const target = letters.includes('t') && (wanted & ~0o007) !== 0 ? wanted | 0o1000 : wanted
  return (mode, original) => {
    const bits = letters.reduce((sum, letter) => sum | bitsOf(letter, mode, original), 0) & target
    if (operator === '+') return mode | bits
    if (operator === '-') return mode & ~bits
    return (mode & ~target) | bits
  }
}

/** What a letter stands for, for everybody at once. */
function bitsOf(letter: string, mode: number, original: Original): number {
  switch (letter) {
    case 'r':
      return 0o444
    case 'w':
      return 0o222
    case 'x':
      return 0o111
    case 'X':
      return original.hasExecute || original.isDirectory ? 0o111 : 0
    case 's':
      return 0o6000
    case 't':
      return 0o1000
    case 'u':
      return ((mode >> 6) & 7) * 0o111
    case 'g':
      return ((mode >> 3) & 7) * 0o111
    default:
      return (mode & 7) * 0o111
  }
}

function badMode(text: string): Error {
  return syntaxError(`"${text}" is not a file mode`, {
    fix: 'Write it in octal, from 0 to 7777, or like chmod does: u=rwX,go=rX or +x.',
  })
}
