import type { RunInstruction } from '../dockerfile/instruction.ts'
import { argumentsOf } from './written.ts'

/** What a RUN runs, as text to search: comments are gone. */
export function commandText(run: RunInstruction): string {
  if (run.form === 'exec') return run.argv.join(' ')
  const text = run.form === 'script' ? run.body : run.command
  return text.replace(/^\s*#.*$/gm, '')
}

/** Whether a RUN keeps a directory between builds, for example that of a package manager. */
export function cacheMounts(run: RunInstruction): readonly string[] {
  return argumentsOf(run).flags.filter((flag) => flag.startsWith('--mount=') && /\btype=cache\b/.test(flag))
}
