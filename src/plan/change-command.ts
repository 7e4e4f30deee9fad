import { formatGoDuration } from '../dockerfile/go-duration.ts'
import type {
  CmdInstruction,
  CommandLine,
  EntrypointInstruction,
  HealthcheckInstruction,
  ShellInstruction,
} from '../dockerfile/instruction.ts'
import type { ContainerConfig, Healthcheck } from '../oci/image-config.ts'
import { type Change, withConfig } from './change.ts'
import { withList } from './container-config.ts'
import type { StageState } from './stage-state.ts'

type CommandInstruction = CmdInstruction | EntrypointInstruction | ShellInstruction | HealthcheckInstruction

/** Applies an instruction that says what containers run. */
export function changeCommand(instruction: CommandInstruction, state: StageState): Change {
  switch (instruction.kind) {
    case 'CMD': {
      const argv = commandArgv(instruction, state.config)
      const config = { ...withList(state.config, 'Cmd', argv), ArgsEscaped: true }
      return { state: { ...state, config, cmdSet: true }, createdBy: `CMD ${quoteAll(argv)}` }
    }
    case 'ENTRYPOINT': {
      const argv = commandArgv(instruction, state.config)
      // The default arguments of another program are none of its own.
      const kept = state.cmdSet ? state.config : withList(state.config, 'Cmd', undefined)
      const config = withList(kept, 'Entrypoint', argv)
      return { state: { ...state, config }, createdBy: `ENTRYPOINT ${quoteAll(argv)}` }
    }
    case 'SHELL':
      return withConfig(state, { Shell: instruction.argv }, `SHELL [${instruction.argv.join(' ')}]`)
    case 'HEALTHCHECK': {
      const check = healthcheckOf(instruction)
      return withConfig(state, { Healthcheck: check }, `HEALTHCHECK ${describe(check)}`)
    }
  }
}

/** A command as argv: the shell form gets the shell in force in front. */
export function commandArgv(command: CommandLine, config: ContainerConfig): readonly string[] {
  return command.form === 'exec' ? command.argv : [...shellOf(config), command.command]
}

const defaultShell = ['/bin/sh', '-c']

export function shellOf({ Shell }: ContainerConfig): readonly string[] {
  return Shell === undefined || Shell.length === 0 ? defaultShell : Shell
}

/** A check for the shell is kept as it is: whoever runs the container puts the shell in front. */
function healthcheckOf(instruction: HealthcheckInstruction): Healthcheck {
  if (instruction.none) return { Test: ['NONE'] }
  const { interval, timeout, startPeriod, startInterval, retries } = instruction
  return {
    Test: instruction.form === 'exec' ? ['CMD', ...instruction.argv] : ['CMD-SHELL', instruction.command],
    ...(interval === 0 ? {} : { Interval: interval }),
    ...(timeout === 0 ? {} : { Timeout: timeout }),
    ...(startPeriod === 0 ? {} : { StartPeriod: startPeriod }),
    ...(startInterval === 0 ? {} : { StartInterval: startInterval }),
    ...(retries === 0 ? {} : { Retries: retries }),
  }
}

/** As Docker's history has it. */
function describe(check: Healthcheck): string {
  const times = [
    ['Interval', check.Interval],
    ['Timeout', check.Timeout],
    ['StartPeriod', check.StartPeriod],
    ['StartInterval', check.StartInterval],
  ] as const
  const shown = times.map(([name, duration = 0]) => `${name}:${formatGoDuration(duration)}`).join(' ')
  return `{Test:[${check.Test.join(' ')}] ${shown} Retries:${check.Retries ?? 0}}`
}

function quoteAll(argv: readonly string[]): string {
  return `[${argv.map((word) => JSON.stringify(word)).join(' ')}]`
}
