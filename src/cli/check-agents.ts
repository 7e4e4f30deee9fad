import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { HearthError, messageOf } from '../errors.ts'

/** The sockets of agents as absolute paths. Throws "usage" for what is no socket. */
export function checkAgents(agents: ReadonlyMap<string, string>, cwd: string): ReadonlyMap<string, string> {
  return new Map([...agents].map(([id, path]) => [id, checkAgent(id, resolve(cwd, path))]))
}

function checkAgent(id: string, path: string): string {
  let why = 'it is not a socket; keys in files need an agent that holds them'
  try {
    if (statSync(path).isSocket()) return path
  } catch (error) {
    why = messageOf(error)
  }
  throw new HearthError({
    code: 'usage',
    message: `--ssh ${id}: ${path} is no SSH agent`,
    why,
    fix: 'Start one with "eval $(ssh-agent)", add the key with ssh-add, and give --ssh default.',
  })
}
