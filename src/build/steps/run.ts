import { HearthError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { defaultPath } from '../../plan/container-config.ts'
import type { RunStep } from '../../plan/step.ts'
import { makeDirectories } from '../../rootfs/make-directories.ts'
import type { RunOutcome } from '../../run/isolation.ts'
import { resolveUser } from '../../run/user.ts'
import { rawPath } from '../../tar/raw-path.ts'
import type { StepRoot } from '../prepared-step.ts'
import type { BuildRooms } from '../rooms.ts'

export interface RunSurroundings {
  readonly root: StepRoot & { readonly path: string }
  readonly rooms: BuildRooms
  readonly log: Log
}

/** Runs a command in the stage's root; its output goes to the log as it comes. */
export async function runStep(step: RunStep, around: RunSurroundings): Promise<void> {
  const { rooms, log } = around
  const { path: root, ignored } = around.root
  const { argv, workdir, script } = step
  const user = resolveUser(root, step.user)
  makeDirectories(root, rawPath(workdir), { uid: 0, gid: 0, mode: 0o755 }, ignored)
  const env = { PATH: defaultPath, HOME: user.home, ...step.proxyEnv, ...step.env }
  const outcome = await rooms.isolation.run(
    { root, argv, env, user, workdir, scripts: script === undefined ? [] : [script] },
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
