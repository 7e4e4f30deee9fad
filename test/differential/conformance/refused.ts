import type { WrongCase } from '../case.ts'

/** What BuildKit can do and hearth cannot yet: refused by name, with its line. What works now leaves this list. */
export const refusedCases: readonly WrongCase[] = [
  refused('ADD --keep-git-dir', 'ADD --keep-git-dir=true https://example.org/a.git /'),
  refused('ADD of a git repository', 'ADD https://example.org/a.git#main:dir /'),
]

function refused(option: string, instruction: string, code = 'dockerfile-unsupported'): WrongCase {
  return {
    name: `refused-${option.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`,
    pins: `${option} is refused by name`,
    dockerfile: `ARG BASE\nFROM $BASE\n${instruction}\n`,
    files: { 'd/f': '1' },
    prepare: 'tar -cf a.tar d; bzip2 -k a.tar; xz -k a.tar',
    fails: { code, line: 3, says: /not supported yet/ },
    rule: 'what is not supported is said, never left out',
  }
}
