import { markPorts } from '../exposed-ports.ts'
import type { Rule } from '../rule.ts'

export const exposeProtoCasing: Rule = {
  name: 'ExposeProtoCasing',
  origin: 'buildkit',
  find: (subject) =>
    markPorts(subject, (port) => {
      const protocol = /\/(.*)$/.exec(port)?.[1] ?? ''
      return protocol === protocol.toLowerCase() ? undefined : `the protocol of "${port}" should be in small letters`
    }),
}
