import { createLog, type Log } from '../../src/log.ts'

/** For what is not about messages. */
export const silentLog: Log = createLog({
  level: 'panic',
  format: 'text',
  timestamp: false,
  secrets: [],
  write: () => {},
  now: () => new Date(0),
})
