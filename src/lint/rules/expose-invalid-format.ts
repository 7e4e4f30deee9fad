import { markPorts } from '../exposed-ports.ts'
import type { Rule } from '../rule.ts'

export const exposeInvalidFormat: Rule = {
  name: 'ExposeInvalidFormat',
  origin: 'buildkit',
  find: (subject) =>
    markPorts(subject, (port) => {
      // A colon in front means that neither address nor port of the host is given.
      if (!port.replace(/^:+/, '').includes(':')) return undefined
      return `EXPOSE takes no address or port of the host, and "${port}" has one; Docker will refuse it one day`
    }),
}
