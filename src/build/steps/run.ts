import { HearthError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { defaultPath } from '../../plan/container-config.ts'
import type { RunStep } from '../../plan/step.ts'
import { makeDirectories } from '../../rootfs/make-directories.ts'
import { onMachine } from '../../rootfs/root.ts'
import type { Isolation, RunOutcome } from '../../run/isolation.ts'
import { resolveUser } from '../../run/user.ts'
import { rawPath } from '../../tar/raw-path.ts'
import type { BuildGraph } from '../build-graph.ts'
import type { PreparedStep, StepInputs, StepRoot } from '../prepared-step.ts'
import type { BuildRooms } from '../rooms.ts'
import { Mounting, type ReadyMount } from './mounting.ts'
import { type MountInputs, prepareMount } from './run-mounts.ts'

/** Makes a RUN ready: files of the context that it mounts are read now, those of stages and images when they are needed. */
export async function prepareRun(step: RunStep, graph: BuildGraph, rooms: BuildRooms): Promise<PreparedStep> {
  requireOptions(step, rooms.isolation)
  const mounts = await Promise.all(step.mounts.map((mount) => prepareMount(mount, graph, rooms)))
  const byContent = async (log: Log): Promise<StepInputs> =>
    inputsOf(await Promise.all(mounts.map(async (mount) => (await mount.byContent?.(log)) ?? mount)))
  return {
    ...inputsOf(mounts),
    ...(mounts.some((mount) => mount.byContent !== undefined) ? { byContent } : {}),
    async ready(log) {
      const ready = await Promise.all(mounts.map((mount) => mount.ready(log)))
      return (root) => runStep(step, ready, { root: { ...root, path: onMachine(root.path) }, rooms, log })
    },
  }
}

function inputsOf(mounts: readonly MountInputs[]): StepInputs {
  return {
    origin: undefined,
    inputs: mounts.flatMap(({ inputs }) => inputs),
    mounts: mounts.map(({ record }) => record),
  }
}

interface RunSurroundings {
  readonly root: StepRoot & { readonly path: string }
  readonly rooms: BuildRooms
  readonly log: Log
}

/** Runs a command in the stage's root; its output goes to the log as it comes. */
async function runStep(step: RunStep, mounts: readonly ReadyMount[], around: RunSurroundings): Promise<void> {
  const { rooms, log } = around
  const { path: root, ignored } = around.root
  const { argv, workdir, script, network, hostname } = step
  const user = resolveUser(root, step.user)
  makeDirectories(root, rawPath(workdir), { uid: 0, gid: 0, mode: 0o755 }, ignored)
  await using mounting = new Mounting(rooms, log)
  await mounting.take(mounts)
  const { agentEnv, secretEnv } = mounting
  const env = { PATH: defaultPath, HOME: user.home, ...step.proxyEnv, ...agentEnv, ...step.env, ...secretEnv }
  const scripts = script === undefined ? [] : [script]
  const outcome = await rooms.isolation.run(
    {
      ...{ root, argv, env, user, workdir, scripts, mounts: mounting.mounts },
      network: network === 'none' ? 'none' : 'host',
      ...(hostname === undefined ? {} : { hostname }),
    },
    {
      onLine: (_stream, line) => log.info(`| ${line}`),
      ...(rooms.signal === undefined ? {} : { signal: rooms.signal }),
    },
  )
  if (outcome.exitCode !== 0) throw failed(step, outcome)
}

function failed({ argv }: RunStep, { exitCode, signal }: RunOutcome): HearthError {
  return new HearthError({
    code: 'run-failed',
    message: `The command failed with ${signal === undefined ? `exit code ${exitCode}` : `signal ${signal}`}`,
    why: `${argv.join(' ')}\nits output is in the lines above`,
    exitCode,
  })
}

/** Throws "dockerfile-unsupported" for what no isolation gives, unless the one that there is has it anyway. */
function requireOptions({ security, devices }: RunStep, { name, allowsAll = false }: Isolation): void {
  if (security === 'insecure' && !allowsAll) {
    throw new HearthError({
      code: 'dockerfile-unsupported',
      message: 'RUN --security=insecure cannot be obeyed here',
      why: `with the isolation "${name}" here, commands do not have all capabilities`,
      fix: 'Leave the option out, or build in place in a privileged container: --isolation=in-place.',
    })
  }
  const device = devices.find(({ required }) => required)
  if (device === undefined) return
  throw new HearthError({
    code: 'dockerfile-unsupported',
    message: `RUN --device=${device.name} cannot be obeyed: hearth gives commands no devices of the machine`,
    fix: 'Leave out "required" if the command can do without.',
  })
}
