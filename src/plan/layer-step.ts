import { expandHeredoc } from '../dockerfile/expand.ts'
import type {
  AddInstruction,
  CommandLine,
  CopyInstruction,
  Heredoc,
  RunInstruction,
  ValueInstruction,
} from '../dockerfile/instruction.ts'
import { parseMode } from '../dockerfile/mode.ts'
import { withoutCredentials } from '../dockerfile/web-address.ts'
import { HearthError } from '../errors.ts'
import type { Platform } from '../oci/platform.ts'
import { expandIn } from './change.ts'
import { commandArgv } from './change-command.ts'
import { joinWorkdir } from './container-config.ts'
import { stepMountsOf } from './mounts.ts'
import type { NamedContexts } from './named-contexts.ts'
import { originOf } from './origin.ts'
import { type BuildArgs, proxyEnvOf } from './scope.ts'
import type { StageOutline } from './stage-outline.ts'
import type { StageState } from './stage-state.ts'
import type { AddStep, CopyStep, HeredocFile, RunStep, Script, WorkdirStep } from './step.ts'

export interface LayerSurroundings {
  readonly state: StageState
  /** Line to report: that of the instruction, or of the FROM that brought a trigger in. */
  readonly line: number
  readonly stages: readonly StageOutline[]
  readonly stage: StageOutline
  readonly buildArgs: BuildArgs
  /** Of the image that is built: images copied from have it, whatever the stage has. */
  readonly platform: Platform
  readonly contexts: NamedContexts | undefined
  /** What commands find the machine called; undefined leaves it to those who run them. */
  readonly hostname: string | undefined
}

export function runStepOf(instruction: RunInstruction, around: LayerSurroundings): RunStep {
  const { state, buildArgs, line } = around
  const script = scriptOf(instruction)
  const argv = commandArgv(commandLineOf(instruction), state.config)
  const { config } = state
  const args = state.args.map((name) => `${name}=${state.scope.get(name) ?? ''}`)
  const workdir = joinWorkdir('/', config.WorkingDir ?? '/')
  const prefix = args.length === 0 ? '' : `|${args.length} ${args.join(' ')} `
  return {
    kind: 'run',
    line,
    text: instruction.text,
    createdBy: `RUN ${prefix}${argv.join(' ')}`,
    config,
    argv,
    env: Object.fromEntries(state.scope),
    proxyEnv: proxyEnvOf(buildArgs, state.scope),
    user: config.User ?? '',
    workdir,
    script,
    mounts: stepMountsOf(instruction.mounts, { ...around, workdir }),
    network: instruction.network,
    hostname: around.hostname,
    security: instruction.security,
    devices: instruction.devices,
  }
}

/** The shell starts a script by its path, as BuildKit has it. */
function commandLineOf(instruction: RunInstruction): CommandLine {
  return instruction.form === 'script' ? { form: 'shell', command: scriptPath(instruction.name) } : instruction
}

function scriptOf(instruction: RunInstruction): Script | undefined {
  if (instruction.form !== 'script') return undefined
  return { path: scriptPath(instruction.name), content: instruction.body }
}

/** Where BuildKit puts it, and what the script sees as its own name. */
function scriptPath(name: string): string {
  return `/dev/pipes/${fileName(name)}`
}

/** WORKDIR: the directory it names, and the configuration that names it. */
export function workdirStepOf(instruction: ValueInstruction, around: LayerSurroundings): WorkdirStep {
  const { state, line } = around
  const path = joinWorkdir(state.config.WorkingDir, expandIn(state, instruction.value))
  const config = { ...state.config, WorkingDir: path }
  return {
    kind: 'workdir',
    line,
    text: instruction.text,
    createdBy: `WORKDIR ${path}`,
    config,
    path,
    user: config.User ?? '',
  }
}

export function copyStepOf(instruction: CopyInstruction, around: LayerSurroundings): CopyStep {
  const origin = originOf(instruction.from, around)
  return { kind: 'copy', ...filesOf(instruction, around), origin, parents: instruction.parents }
}

export function addStepOf(instruction: AddInstruction, around: LayerSurroundings): AddStep {
  const checksum = expandOptional(around.state, instruction.checksum)
  const { unpack, keepGitDirectory } = instruction
  const origin = { kind: 'context' } as const
  return { kind: 'add', ...filesOf(instruction, around), origin, checksum, unpack, keepGitDirectory }
}

function filesOf(
  instruction: CopyInstruction | AddInstruction,
  around: LayerSurroundings,
): Omit<CopyStep, 'kind' | 'origin' | 'parents'> {
  const { state, line } = around
  const { link } = instruction
  const sources = instruction.sources.map((raw) => expandIn(state, raw))
  const destination = expandIn(state, instruction.destination)
  const chown = expandOptional(state, instruction.chown)
  const chmod = expandOptional(state, instruction.chmod)
  if (chmod !== undefined) parseMode(chmod)
  if (link && chmod === undefined && chown !== undefined) refuseNames(chown)
  const flags = [
    ...(instruction.kind === 'COPY' && instruction.parents ? ['--parents'] : []),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
  ]
  const names = [...sources.map(withoutCredentials), ...instruction.heredocs.map((heredoc) => `<<${heredoc.name}`)]
  return {
    line,
    text: shownText(instruction),
    createdBy: [instruction.kind, ...flags, ...names, destination].join(' '),
    config: state.config,
    sources,
    heredocs: instruction.heredocs.map((heredoc) => heredocFile(heredoc, state)),
    destination,
    workdir: joinWorkdir('/', state.config.WorkingDir ?? '/'),
    chown,
    chmod,
    link,
    exclude: instruction.exclude.map((raw) => expandIn(state, raw)),
  }
}

/** What lies on anything cannot know whose number a name is: only root has the same one everywhere. */
function refuseNames(chown: string): void {
  if (chown.split(':').every((part) => /^(?:\d*|root)$/.test(part.trim()))) return
  throw new HearthError({
    code: 'dockerfile-syntax',
    message: `--chown=${chown} needs numbers together with --link`,
    marks: `--chown`,
    why: 'a linked layer is made without the files below it, so that no account can be looked up',
    fix: 'Write the numbers, --chown=<uid>:<gid>, or leave --link out.',
  })
}

/** The text as it may be written down. */
function shownText({ text, sources }: CopyInstruction | AddInstruction): string {
  return sources.reduce((shown, source) => shown.replaceAll(source, () => withoutCredentials(source)), text)
}

/** A flag that is empty after expansion asks for nothing. */
function expandOptional(state: StageState, raw: string | undefined): string | undefined {
  return raw === undefined ? undefined : expandIn(state, raw) || undefined
}

function heredocFile(heredoc: Heredoc, state: StageState): HeredocFile {
  const { name, body, expand } = heredoc
  return { name: fileName(name), content: expand ? expandHeredoc(body, (variable) => state.scope.get(variable)) : body }
}

/** A heredoc's name becomes that of a file, and must not lead elsewhere. */
function fileName(name: string): string {
  if (name !== '' && name !== '.' && name !== '..' && !name.includes('/')) return name
  throw new HearthError({
    code: 'dockerfile-syntax',
    message: `"${name}" cannot be the name of this heredoc`,
    why: 'its body becomes a file of that name',
    fix: 'Choose a name without a slash.',
  })
}
