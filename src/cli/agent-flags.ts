import type { Variables } from './environment.ts'
import { splitPair } from './flags/pairs.ts'
import { wrongUsage } from './flags/usage.ts'

/** Each `--ssh`: "default" or "id" for the agent of this session, "id=SOCKET" for another. Gives the sockets by id. */
export function readAgentFlags(texts: readonly string[], env: Variables): ReadonlyMap<string, string> {
  const agents = new Map<string, string>()
  for (const text of texts) {
    const [id, given] = splitPair(text) ?? [text, '']
    if (id === '')
      throw wrongUsage(`--ssh ${JSON.stringify(text)} has no id`, 'Write --ssh default or --ssh id=SOCKET.')
    if (agents.has(id)) throw wrongUsage(`--ssh gives the id ${JSON.stringify(id)} twice`)
    const socket = given || env.SSH_AUTH_SOCK || ''
    if (socket === '') {
      throw wrongUsage(
        `--ssh ${id}: no agent runs, as SSH_AUTH_SOCK is not set`,
        `Start one, or write --ssh ${id}=SOCKET.`,
      )
    }
    agents.set(id, socket)
  }
  return agents
}
