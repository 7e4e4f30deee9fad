import type { Dockerfile } from '../../../src/dockerfile/dockerfile.ts'
import type {
  AddInstruction,
  CommandLine,
  CopyInstruction,
  FromInstruction,
  HealthcheckInstruction,
  Heredoc,
  Instruction,
  RunInstruction,
} from '../../../src/dockerfile/instruction.ts'

/** A Dockerfile as text, in one spelling of the many: what is read from it again is the same. */
export function print({ escape: escapeCharacter, metaArgs, stages }: Dockerfile): string {
  const instructions = [...metaArgs, ...stages.flatMap((stage) => [stage.from, ...stage.instructions])]
  const directive = escapeCharacter === '\\' ? '' : `# escape=${escapeCharacter}\n`
  return `${directive}${instructions.map((one) => `${printOne(one)}\n`).join('')}`
}

function printOne(instruction: Instruction | FromInstruction): string {
  const { kind } = instruction
  switch (kind) {
    case 'FROM':
      return words('FROM', flag('platform', instruction.platform), instruction.image, named(instruction.as))
    case 'RUN':
      return printRun(instruction)
    case 'COPY':
    case 'ADD':
      return printFiles(instruction)
    case 'ENV':
    case 'LABEL':
      return words(kind, ...instruction.pairs.map(([name, value]) => printPair(name, value, instruction.pairs.length)))
    case 'ARG':
      return words(kind, ...instruction.args.map(([name, value]) => (value === undefined ? name : `${name}=${value}`)))
    case 'EXPOSE':
      return words(kind, ...instruction.values)
    case 'VOLUME':
      return words(kind, JSON.stringify(instruction.values))
    case 'CMD':
    case 'ENTRYPOINT':
      return words(kind, printCommand(instruction))
    case 'SHELL':
      return words(kind, JSON.stringify(instruction.argv))
    case 'HEALTHCHECK':
      return printHealthcheck(instruction)
    case 'ONBUILD':
      return words(kind, instruction.trigger)
    case 'MAINTAINER':
      return words(kind, instruction.name)
    default:
      return words(kind, instruction.value)
  }
}

function printRun(instruction: RunInstruction): string {
  const { mounts, network, security, devices } = instruction
  const lent = devices.map(({ name, required }) => `--device=${name}${required ? ',required' : ''}`)
  const flags = [
    ...mounts.map((mount) => flag('mount', mount)),
    flag('network', network),
    flag('security', security),
    ...lent,
  ]
  const [heredoc] = instruction.heredocs
  if (heredoc === undefined)
    return instruction.form === 'script' ? '' : words('RUN', ...flags, printCommand(instruction))
  const isLone = instruction.form === 'script' || (instruction.form === 'shell' && instruction.command === heredoc.body)
  if (isLone) return words('RUN', ...flags, documents([heredoc]))
  return instruction.form === 'shell' ? words('RUN', ...flags, instruction.command) : ''
}

function printFiles(instruction: CopyInstruction | AddInstruction): string {
  const { kind, chown, chmod, link, sources, heredocs, destination } = instruction
  const own = kind === 'COPY' ? flag('from', instruction.from) : flag('checksum', instruction.checksum)
  const options =
    instruction.kind === 'COPY'
      ? [instruction.parents ? '--parents' : '']
      : [
          instruction.unpack === undefined ? '' : `--unpack=${instruction.unpack}`,
          instruction.keepGitDirectory ? '--keep-git-dir' : '',
        ]
  const without = instruction.exclude.map((pattern) => flag('exclude', pattern))
  const flags = [own, flag('chown', chown), flag('chmod', chmod), link ? '--link' : '', ...without, ...options]
  if (heredocs.length === 0) return words(kind, ...flags, JSON.stringify([...sources, destination]))
  const marks = heredocs.map(mark)
  return [words(kind, ...flags, ...sources, ...marks, destination), ...heredocs.map(bodyAndEnd)].join('\n')
}

function printHealthcheck(instruction: HealthcheckInstruction): string {
  if (instruction.none) return 'HEALTHCHECK NONE'
  const { interval, timeout, startPeriod, startInterval, retries } = instruction
  const times = { interval, timeout, 'start-period': startPeriod, 'start-interval': startInterval }
  const flags = Object.entries(times).map(([name, time]) => flag(name, time === 0 ? undefined : `${time}ns`))
  return words(
    'HEALTHCHECK',
    ...flags,
    flag('retries', retries === 0 ? undefined : `${retries}`),
    'CMD',
    printCommand(instruction),
  )
}

function printCommand(command: CommandLine): string {
  return command.form === 'exec' ? JSON.stringify(command.argv) : command.command
}

/** The old form, with a blank, is the only one that can hold some values. */
function printPair(name: string, value: string, count: number): string {
  return count === 1 && /[ \t]/.test(value) ? `${name} ${value}` : `${name}=${value}`
}

function documents(heredocs: readonly Heredoc[]): string {
  return [heredocs.map(mark).join(' '), ...heredocs.map(bodyAndEnd)].join('\n')
}

function mark({ name, expand, chomp }: Heredoc): string {
  return `<<${chomp ? '-' : ''}${expand ? name : `"${name}"`}`
}

function bodyAndEnd({ body, name }: Heredoc): string {
  return `${body}${name}`
}

function named(name: string | undefined): string {
  return name === undefined ? '' : `AS ${name}`
}

function flag(name: string, value: string | undefined): string {
  return value === undefined ? '' : `--${name}=${value}`
}

function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}
