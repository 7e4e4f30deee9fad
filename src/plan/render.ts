import type { MountOwner } from '../dockerfile/mount.ts'
import { withoutCredentials } from '../dockerfile/web-address.ts'
import type { ContainerConfig } from '../oci/image-config.ts'
import { formatPlatform } from '../oci/platform.ts'
import { formatReference } from '../oci/reference.ts'
import { joinWorkdir } from './container-config.ts'
import type { Forecast, StageForecast } from './forecast.ts'
import { forecastLines } from './render-forecast.ts'
import {
  type BuildPlan,
  dependenciesOf,
  isLinked,
  type Origin,
  type RunStep,
  type StageBase,
  type StagePlan,
  type Step,
  type StepMount,
  stageTitle,
} from './step.ts'

/** What happens to the finished image, for the last lines of a rendered plan. */
export interface PlannedOutputs {
  readonly destinations: readonly string[]
  readonly tarPath: string | undefined
  readonly ociLayoutPath: string | undefined
}

/**
 * A plan as text, one line per step and, with a forecast, one below each that makes a layer: what "plan" and --dryrun
 * print. Golden files hold it without a forecast.
 */
export function renderPlan(plan: BuildPlan, outputs: PlannedOutputs, forecast?: Forecast): string {
  const lines: string[] = []
  for (const stage of plan.stages) lines.push(...renderStage(stage, plan, forecast?.get(stage.index)))
  for (const stage of plan.also ?? []) lines.push(`ALSO ${stageTitle(stage)}`)
  for (const stage of plan.pruned ?? []) lines.push(`PRUNED ${stageTitle(stage)}  line ${stage.line}: ${stage.why}`)
  lines.push(...renderImage(plan.target.config))
  for (const destination of outputs.destinations) lines.push(`PUSH ${destination}`)
  if (outputs.tarPath !== undefined) lines.push(`TAR ${outputs.tarPath}`)
  if (outputs.ociLayoutPath !== undefined) lines.push(`LAYOUT ${outputs.ociLayoutPath}`)
  return `${lines.join('\n')}\n`
}

function renderStage(stage: StagePlan, plan: BuildPlan, forecast: StageForecast | undefined): readonly string[] {
  const title = `STAGE ${stageTitle(stage)}  ${formatPlatform(stage.platform)}  FROM ${baseText(stage.base, plan)}`
  const needs = dependenciesOf(stage).map((index) => titleOf(index, plan))
  const below = forecastLines(stage, forecast)
  const notes = [
    ...(needs.length === 0 ? [] : [`NEEDS ${needs.join(', ')}`]),
    ...(stage.isReplaced === true ? [`REPLACED by the context ${stageTitle(stage)}`] : []),
    ...(forecast?.isWorkedOn === false ? ['NOT WORKED ON: what is taken from it is cached'] : []),
  ]
  return [
    [title, ...notes].join('  '),
    ...stage.steps.flatMap((step, i) => [
      `  ${String(step.line).padStart(3)}  ${stepText(step, plan)}`,
      ...(below.get(i) ?? []),
    ]),
  ]
}

function stepText(step: Step, plan: BuildPlan): string {
  switch (step.kind) {
    case 'config':
      return `config   ${step.createdBy.replaceAll('\n', '\\n')}`
    case 'run': {
      const user = step.user === '' ? '' : `  user ${step.user}`
      const text = `layer    RUN ${JSON.stringify(step.argv)}  in ${step.workdir}${user}`
      return [text, ...optionTexts(step), ...step.mounts.map((mount) => mountText(mount, plan))].join('  ')
    }
    case 'workdir':
      return `layer    WORKDIR ${step.path}`
    case 'copy':
    case 'add': {
      const flags = [
        ...(isLinked(step) ? ['link'] : []),
        ...(step.kind === 'copy' && step.parents ? ['parents'] : []),
        ...(step.kind === 'add' && step.unpack !== undefined ? [step.unpack ? 'unpack' : 'no unpack'] : []),
        ...step.exclude.map((pattern) => `exclude ${pattern}`),
        ...(step.chown === undefined ? [] : [`chown ${step.chown}`]),
        ...(step.chmod === undefined ? [] : [`chmod ${step.chmod}`]),
      ]
      const sources = [...step.sources.map(withoutCredentials), ...step.heredocs.map((heredoc) => `<<${heredoc.name}`)]
      const text = `layer    ${step.kind.toUpperCase()} ${JSON.stringify(sources)} → ${step.destination}`
      return [`${text}  from ${originText(step.origin, plan)}`, ...flags].join('  ')
    }
  }
}

function optionTexts({ network, security, devices }: RunStep): readonly string[] {
  return [
    ...(network === 'default' ? [] : [`network ${network}`]),
    ...(security === 'sandbox' ? [] : [`security ${security}`]),
    ...devices.map(({ name, required }) => `device ${name}${required ? ' required' : ''}`),
  ]
}

function mountText(mount: StepMount, plan: BuildPlan): string {
  const writing = 'readOnly' in mount && mount.readOnly ? 'ro' : 'rw'
  switch (mount.type) {
    case 'bind': {
      const source = joinWorkdir('/', mount.source)
      return `bind ${originText(mount.origin, plan)}:${source} → ${mount.target} ${writing}`
    }
    case 'cache': {
      const from = mount.origin && `from ${originText(mount.origin, plan)}:${joinWorkdir('/', mount.source)}`
      const text = [`cache ${mount.id} → ${mount.target}`, writing, mount.sharing, from, ownerText(mount)]
      return text.filter(Boolean).join(' ')
    }
    case 'tmpfs':
      return `tmpfs → ${mount.target} ${writing}${mount.size === undefined ? '' : ` ${mount.size} bytes`}`
    case 'secret': {
      const places = [mount.target, mount.env === undefined ? undefined : `$${mount.env}`].filter(Boolean).join(', ')
      return [`secret ${mount.id} → ${places}`, needText(mount), ownerText(mount)].filter(Boolean).join(' ')
    }
    case 'ssh':
      return [`ssh ${mount.id} → ${mount.target}`, needText(mount), ownerText(mount)].filter(Boolean).join(' ')
  }
}

function needText({ required }: { readonly required: boolean }): string {
  return required ? 'required' : ''
}

function ownerText({ mode, uid, gid }: MountOwner): string {
  const parts = [
    ...(mode === undefined ? [] : [`mode ${mode.toString(8)}`]),
    ...(uid === undefined ? [] : [`uid ${uid}`]),
    ...(gid === undefined ? [] : [`gid ${gid}`]),
  ]
  return parts.join(' ')
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
