import { constants } from 'node:os'
import { HearthError, messageOf } from '../errors.ts'
import { endWithParent } from '../sys/parent-death.ts'
import { reapOrphans } from '../sys/wait.ts'
import { type Ending, isHandedOn, runSuccessor } from './successor.ts'
import { textIfThere } from './text-if-there.ts'
import { openUserNamespace } from './user-namespace-holder.ts'
import { identityMap, mapText } from './user-namespace-maps.ts'

/** A program to be started again, with all it was started with. */
export interface Restart {
  /** The whole command line, interpreter and its flags first. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Says to the program that it has been started again. */
const marker = 'HEARTH_IN_USER_NAMESPACE'

/** Whether this is the program in the user namespace. */
export function inUserNamespace(env: Restart['env']): boolean {
  return env[marker] !== undefined
}

/**
 * The ids of this process's user namespace beside those of its surroundings, where it has made one in which they differ;
 * undefined elsewhere, also in a namespace that a container's runtime made and has adapted its volumes to.
 */
export function ownIds(env: Restart['env']): string | undefined {
  if (!inUserNamespace(env)) return undefined
  const maps = ['uid_map', 'gid_map'].map((name) => textIfThere(`/proc/self/${name}`))
  const texts = maps.map((map) => map.replaceAll(/^ +/gm, '').replaceAll(/ +/g, ' '))
  const isPlain = texts.every((text) => text === mapText(identityMap(text)))
  return isPlain ? undefined : texts.join('').trim()
}

/** For the program in the user namespace, at its start: it does not outlive the one that started it. */
export function followParent(env: Restart['env']): void {
  endWithParent()
  // It may have ended before that.
  if (String(process.ppid) !== env[marker]) process.exit(1)
}

/**
 * Starts a program again as root of a user namespace, in a mount namespace of its own, with the same streams and working
 * directory. Hands signals on, and as the first process of a container does the duties of that. Gives the exit code,
 * 128 + n after signal n. Throws "run-unavailable".
 */
export async function restartInUserNamespace({ argv, env }: Restart): Promise<number> {
  using namespace = await openUserNamespace(env.PATH ?? '')
  let successor: number | undefined
  const reap = (): void => reapOrphans(successor)
  const onStart = (pid: number | undefined): void => {
    successor = pid
    if (process.pid === 1) process.on('SIGCHLD', reap)
  }
  const inside = { argv: [...namespace.enter, ...argv], env: { ...env, [marker]: String(process.pid) }, onStart }
  try {
    return exitCodeOf(await runSuccessor(inside).catch((error) => lost(messageOf(error), error)))
  } finally {
    process.off('SIGCHLD', reap)
  }
}

function exitCodeOf(ending: Ending): number {
  if ('code' in ending) return ending.code
  if (isHandedOn(ending.signal)) return 128 + constants.signals[ending.signal]
  return lost(`it was ended by ${ending.signal}, perhaps because memory ran out`)
}

function lost(why: string, cause?: unknown): never {
  const message = 'The part of hearth that works in a user namespace is gone'
  throw new HearthError({ code: 'run-unavailable', message, why, fix: 'Give the build more memory.', cause })
}
