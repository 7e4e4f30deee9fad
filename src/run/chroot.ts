import { extname, join } from 'node:path'
import { HearthError } from '../errors.ts'
import { furnishRoot } from './furnish-root.ts'
import { cannotRun, unavailable } from './in-place.ts'
import type { IsolatedCommand, Isolation, RunOptions, RunOutcome } from './isolation.ts'
import { type Launchers, launchBeside } from './launch-beside.ts'
import type { ChrootOrder } from './launch-order.ts'
import { outcomeOf } from './outcome.ts'
import { textIfThere } from './text-if-there.ts'

const launcher = join(import.meta.dirname, `chroot-launcher${extname(import.meta.filename)}`)

const resolverConfig = '/etc/resolv.conf'

/** What people must know before they choose this way. */
export const chrootLimits: readonly string[] = [
  'chroot protects nothing: a command that is root can leave it, and then sees all of this container that hearth sees',
  'chroot has no /proc: programs that find their libraries beside themselves (Java, rustc) do not start; ps, free, mount, ' +
    'process substitution <(...), /dev/fd and /dev/stdin fail',
  'chroot has no pseudo terminals; /dev/stdout and /dev/stderr are those of the build, even of a program whose output goes ' +
    'to a pipe or a file',
]

/**
 * Runs each command with the root's directory as "/" and nothing else of its own, for containers that may neither make
 * namespaces nor lose their own root. No wall: a command that is root can leave, and the processes of the container are
 * its neighbours. What a command needs around the image's files is put into the root and taken out again. One command at
 * a time in each root. Needs CAP_SYS_CHROOT and CAP_MKNOD; where a command cannot be run at all, `run` throws
 * "run-unavailable".
 */
export function chrootIsolation(): Isolation {
  const launchers = { program: launcher, atWork: new Set<number>() }
  return {
    name: 'chroot',
    run: (command, options) => runInChroot(command, options, launchers),
  }
}

async function runInChroot(command: IsolatedCommand, options: RunOptions, launchers: Launchers): Promise<RunOutcome> {
  const { root, argv, env, user, workdir, scripts = [], mounts = [], network = 'host' } = command
  if (mounts.length > 0 || network === 'none') throw notInChroot(mounts.length > 0 ? '--mount' : '--network=none')
  options.signal?.throwIfAborted()
  const files = { [resolverConfig]: textIfThere(resolverConfig) }
  const { openPipe, clear } = await furnishRoot(root, { files, scripts }).catch(unavailable)
  try {
    const { uid, gid, groups } = user
    const order: ChrootOrder = { root, argv, env, user: { uid, gid, groups }, workdir, network }
    const report = await launchBeside(order, options, { ...launchers, openPipe }).catch(unavailable)
    if (report.kind === 'failed') throw cannotRun(report.message, report.code)
    return outcomeOf(report, command, options)
  } finally {
    await clear()
  }
}

function notInChroot(option: string): HearthError {
  return new HearthError({
    code: 'run-unavailable',
    message: `RUN ${option} cannot be had with --isolation=chroot`,
    why: 'it takes mounts or namespaces, and there are none',
    fix: "Use another isolation, in hearth's own image --isolation=in-place, or leave the option out.",
  })
}
