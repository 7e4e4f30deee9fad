import type { RunInstruction } from '../dockerfile/instruction.ts'
import { cacheMounts, commandText } from './commands.ts'
import type { Mark } from './rule.ts'
import type { LintSubject } from './subject.ts'

/** What a RUN does with Debian's packages. */
export interface AptUse {
  /** Where it refreshes the lists of packages, as an index into its text; -1 where it does not. */
  readonly update: number
  readonly install: number
}

const options = '(?:\\s+-\\S+(?:=\\S+)?)*'
const update = new RegExp(`\\bapt(?:-get)?${options}\\s+update\\b`)
const install = new RegExp(`\\bapt(?:-get)?${options}\\s+(?:install|build-dep|upgrade|dist-upgrade|full-upgrade)\\b`)

/** Marks the RUNs about whose use of apt there is something to say. Lists kept in a cache mount are another matter. */
export function markApt({ needed }: LintSubject, say: (use: AptUse) => string | undefined): readonly Mark[] {
  const runs = needed.flatMap(({ stage }) => stage.instructions.filter((instruction) => instruction.kind === 'RUN'))
  return runs.flatMap((run): readonly Mark[] => {
    const message = cacheMounts(run).some((mount) => mount.includes('/var/lib/apt')) ? undefined : say(useOf(run))
    return message === undefined ? [] : [{ position: run, message, words: ['apt-get', 'apt'] }]
  })
}

function useOf(run: RunInstruction): AptUse {
  const text = commandText(run)
  return { update: text.search(update), install: text.search(install) }
}
