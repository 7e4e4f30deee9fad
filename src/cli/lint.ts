import { contextDirectory } from '../context/context-directory.ts'
import { findDockerfile } from '../context/find-dockerfile.ts'
import { openContext } from '../context/open-context.ts'
import type { Dockerfile } from '../dockerfile/dockerfile.ts'
import { withExcerpt } from '../dockerfile/excerpt.ts'
import { parseDockerfile } from '../dockerfile/parse.ts'
import { buildChecks, opinions } from '../lint/all-rules.ts'
import type { Finding } from '../lint/finding.ts'
import { checksOf, lint, unknownRules } from '../lint/lint.ts'
import { unusedBuildArgs } from '../plan/plan.ts'
import { outlineStages } from '../plan/stage-outline.ts'
import type { LintCommandOptions } from './lint-options.ts'
import { lintReport } from './lint-report.ts'
import type { ProgramInput } from './program.ts'
import { createProgramLog } from './report.ts'

const allRules = [...buildChecks, ...opinions]

/** Prints what there is to say about a Dockerfile and gives the exit code. Throws for one that cannot be built at all. */
export async function runLint(options: LintCommandOptions, { stdout, stderr }: ProgramInput): Promise<number> {
  const log = createProgramLog(options.log, stderr)
  for (const warning of options.warnings) log.warn(warning)
  const { cwd, context } = options
  const found = findDockerfile({ dockerfile: options.dockerfile, cwd, directory: contextDirectory({ context, cwd }) })
  const dockerfile = parseDockerfile(found.text, { name: options.dockerfile })
  for (const name of unusedBuildArgs(dockerfile, options.buildArgs)) {
    log.warn(`--build-arg ${name}: no ARG of ${options.dockerfile} takes it`)
  }
  for (const line of unknownRules(checksOf(dockerfile, options.buildArgs), allRules)) log.warn(line)
  try {
    const findings = await findingsOf(dockerfile, found.path, options)
    stdout.write(lintReport(dockerfile.name, findings, options.format))
    refuseBadStages(dockerfile, options)
    return findings.some(({ origin }) => fails(origin, options)) ? 1 : 0
  } catch (error) {
    throw withExcerpt(error, dockerfile)
  }
}

async function findingsOf(
  dockerfile: Dockerfile,
  path: string,
  options: LintCommandOptions,
): Promise<readonly Finding[]> {
  await using context = await openContext({ context: options.context, cwd: options.cwd, dockerfile: path })
  const { target, alsoBuilt, buildContexts: contexts, buildArgs, platform, buildPlatform } = options
  const { ignore } = context
  const everyStage = target === undefined
  return lint(dockerfile, allRules, {
    target,
    alsoBuilt,
    contexts,
    everyStage,
    buildArgs,
    platform,
    buildPlatform,
    ignore,
  })
}

/** A FROM or a target that no build could use is an error, not a finding. */
function refuseBadStages(dockerfile: Dockerfile, options: LintCommandOptions): void {
  const { target, alsoBuilt, buildContexts: contexts, buildArgs, platform, buildPlatform } = options
  outlineStages(dockerfile, { target, alsoBuilt, contexts, buildArgs, platform, buildPlatform, labels: {} })
}

function fails(origin: Finding['origin'], { errorOn }: LintCommandOptions): boolean {
  return errorOn === 'any' || (errorOn === 'checks' && origin === 'buildkit')
}
