import { arch } from 'node:process'
import { hostPlatform } from '../oci/platform.ts'
import type { Variables } from './environment.ts'
import { FlagValues } from './flags/flag-values.ts'
import { type Command, helpText } from './flags/help.ts'
import { lintFlags } from './flags/lint-flags.ts'
import { readLogFlags } from './flags/log-flags.ts'
import { readArguments } from './flags/read-arguments.ts'
import { withUsage } from './flags/usage.ts'
import type { ErrorChoice, LintCommandOptions, LintFormat } from './lint-options.ts'
import { refusePositionals } from './positionals.ts'
import { readBuildContexts } from './read-build-contexts.ts'
import { readBuildArgs, readPlatform, readTargets } from './read-values.ts'

export const lintCommand: Command = {
  name: 'hearth-executor lint',
  summary: 'Checks a Dockerfile, and builds nothing. Exit code 1 with findings, 0 without.',
  commands: [],
  flags: lintFlags,
}

export type ParsedLint =
  | { readonly kind: 'lint'; readonly options: LintCommandOptions }
  | { readonly kind: 'help'; readonly text: string }

/** Reads what stands behind "lint". Throws a UsageError for what makes no sense. */
export function parseLint(argv: readonly string[], env: Variables, cwd: string): ParsedLint {
  return withUsage(
    () => helpText(lintCommand),
    () => {
      const read = readArguments(argv, lintFlags)
      const values = new FlagValues(lintFlags, read.given)
      if (values.boolean('help') || read.positionals[0] === 'help') return { kind: 'help', text: helpText(lintCommand) }
      refusePositionals(read.positionals, { command: 'executor lint', unsupported: [] })
      const buildArgs = readBuildArgs(values.list('build-arg'), env)
      const buildPlatform = hostPlatform(arch)
      const options: LintCommandOptions = {
        dockerfile: values.text('dockerfile'),
        context: values.text('context'),
        buildArgs: buildArgs.values,
        ...readTargets(values),
        buildContexts: readBuildContexts(values, cwd),
        platform: readPlatform(values) ?? buildPlatform,
        buildPlatform,
        format: values.text('format') as LintFormat,
        errorOn: values.text('error-on') as ErrorChoice,
        log: readLogFlags(values),
        cwd,
        warnings: [...read.warnings, ...buildArgs.warnings],
      }
      return { kind: 'lint', options: Object.freeze(options) }
    },
  )
}
