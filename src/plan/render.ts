import type { ContainerConfig } from '../oci/image-config.ts'
import { formatPlatform } from '../oci/platform.ts'
import { formatReference } from '../oci/reference.ts'
import {
  type BuildPlan,
  dependenciesOf,
  type Origin,
  type StageBase,
  type StagePlan,
  type Step,
  stageTitle,
} from './step.ts'

/** What happens to the finished image, for the last lines of a rendered plan. */
export interface PlannedOutputs {
  readonly destinations: readonly string[]
  readonly tarPath: string | undefined
  readonly ociLayoutPath: string | undefined
}

/** A plan as text, one line per step: what --dryrun prints and golden files hold. */
export function renderPlan(plan: BuildPlan, outputs: PlannedOutputs): string {
  const lines: string[] = []
  for (const stage of plan.stages) lines.push(...renderStage(stage, plan))
  lines.push(...renderImage(plan.target.config))
  for (const destination of outputs.destinations) lines.push(`PUSH ${destination}`)
  if (outputs.tarPath !== undefined) lines.push(`TAR ${outputs.tarPath}`)
  if (outputs.ociLayoutPath !== undefined) lines.push(`LAYOUT ${outputs.ociLayoutPath}`)
  return `${lines.join('\n')}\n`
}

function renderStage(stage: StagePlan, plan: BuildPlan): readonly string[] {
  const title = `STAGE ${stageTitle(stage)}  ${formatPlatform(stage.platform)}  FROM ${baseText(stage.base, plan)}`
  const needs = dependenciesOf(stage).map((index) => titleOf(index, plan))
  return [
    needs.length === 0 ? title : `${title}  NEEDS ${needs.join(', ')}`,
    ...stage.steps.map((step) => `  ${String(step.line).padStart(3)}  ${stepText(step, plan)}`),
  ]
}

function stepText(step: Step, plan: BuildPlan): string {
  switch (step.kind) {
    case 'config':
      return `config   ${step.createdBy.replaceAll('\n', '\\n')}`
    case 'run': {
      const user = step.user === '' ? '' : `  user ${step.user}`
      return `layer    RUN ${JSON.stringify(step.argv)}  in ${step.workdir}${user}`
    }
    case 'workdir':
      return `layer    WORKDIR ${step.path}`
    case 'copy':
    case 'add': {
      const flags = [
        ...(step.chown === undefined ? [] : [`chown ${step.chown}`]),
        ...(step.chmod === undefined ? [] : [`chmod ${step.chmod}`]),
      ]
      const sources = [...step.sources, ...step.heredocs.map((heredoc) => `<<${heredoc.name}`)]
      const text = `layer    ${step.kind.toUpperCase()} ${JSON.stringify(sources)} → ${step.destination}`
      return [`${text}  from ${originText(step.origin, plan)}`, ...flags].join('  ')
    }
  }
}

function baseText(base: StageBase, plan: BuildPlan): string {
  switch (base.kind) {
    case 'scratch':
      return 'scratch'
    case 'stage':
      return titleOf(base.index, plan)
    case 'image':
      return formatReference(base.reference)
  }
}

function originText(origin: Origin, plan: BuildPlan): string {
  switch (origin.kind) {
    case 'context':
      return origin.name === undefined ? 'context' : `context ${origin.name}`
    case 'stage':
      return titleOf(origin.index, plan)
    case 'image':
      return formatReference(origin.reference)
  }
}

function titleOf(index: number, plan: BuildPlan): string {
  const stage = plan.stages.find((candidate) => candidate.index === index)
  return stage === undefined ? `stage ${index}` : stageTitle(stage)
}

function renderImage(config: ContainerConfig): readonly string[] {
  const shown: readonly (readonly [string, unknown])[] = [
    ['entrypoint', config.Entrypoint],
    ['cmd', config.Cmd],
    ['user', config.User],
    ['workdir', config.WorkingDir],
    ['env', config.Env],
    ['ports', config.ExposedPorts === undefined ? undefined : Object.keys(config.ExposedPorts)],
    ['volumes', config.Volumes === undefined ? undefined : Object.keys(config.Volumes)],
    ['labels', config.Labels],
    ['stopsignal', config.StopSignal],
    ['healthcheck', config.Healthcheck],
    ['shell', config.Shell],
    ['onbuild', config.OnBuild],
  ]
  const lines = shown
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${name} ${JSON.stringify(value)}`)
  return ['IMAGE', ...lines]
}
