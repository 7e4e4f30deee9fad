import type { Dockerfile } from '../dockerfile/dockerfile.ts'
import type { IgnoreMatcher } from '../dockerfile/ignore.ts'
import { HearthError } from '../errors.ts'
import { buildChecks } from '../lint/all-rules.ts'
import type { Finding } from '../lint/finding.ts'
import { checksOf, lint } from '../lint/lint.ts'
import type { LintOptions } from '../lint/subject.ts'
import type { Log } from '../log.ts'
import type { ExecutorOptions } from './executor-options.ts'

export interface CheckedBuild {
  readonly dockerfile: Dockerfile
  readonly options: Pick<
    ExecutorOptions,
    'target' | 'alsoBuilt' | 'buildContexts' | 'buildArgs' | 'platform' | 'buildPlatform'
  >
  readonly ignore: IgnoreMatcher
  readonly log: Log
}

/**
 * Runs the build checks and warns of what they find, or throws "dockerfile-check" where the Dockerfile asks for that.
 * Once base images are known the checks see more: what was said before is not said again.
 */
export function runBuildChecks(
  { dockerfile, options, ignore, log }: CheckedBuild,
  before: readonly Finding[] = [],
  baseConfig?: LintOptions['baseConfig'],
): readonly Finding[] {
  const { target, alsoBuilt, buildContexts: contexts, buildArgs, platform, buildPlatform } = options
  const stages = { target, alsoBuilt, everyStage: false }
  const lintOptions = { ...stages, contexts, buildArgs, platform, buildPlatform, ignore, baseConfig }
  const said = new Set(before.map((finding) => findingText(dockerfile.name, finding)))
  const findings = lint(dockerfile, buildChecks, lintOptions)
  const fresh = findings.filter((finding) => !said.has(findingText(dockerfile.name, finding)))
  if (fresh.length > 0 && checksOf(dockerfile, buildArgs).error) throw failedChecks(dockerfile.name, fresh)
  for (const finding of fresh) log.warn(findingText(dockerfile.name, finding))
  return findings
}

/** "Dockerfile:3:1: what is wrong (Rule)" */
export function findingText(dockerfile: string, { line, column, message, rule }: Finding): string {
  return `${dockerfile}:${line}:${column}: ${message} (${rule})`
}

function failedChecks(dockerfile: string, findings: readonly Finding[]): HearthError {
  const rules = [...new Set(findings.map(({ rule }) => rule))]
  return new HearthError({
    code: 'dockerfile-check',
    message: `build checks failed: ${rules.join(', ')}`,
    where: dockerfile,
    why: findings.map((finding) => findingText(dockerfile, finding)).join('\n'),
    fix: 'Mend them, name the rules in "# check=skip=…", or drop error=true.',
  })
}
