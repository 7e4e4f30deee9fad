import type { Variables } from './environment.ts'

const pointless = ['KANIKO_PRE_CLEANUP', 'SNAPSHOT_TIMEOUT_DURATION', 'STACKLOG_PATH', 'BENCHMARK_FILE']

/** One line about each of kaniko's variables that is set and has no effect here; its feature switches share one. */
export function kanikoVariables(env: Variables): readonly string[] {
  const set = Object.keys(env).filter((name) => env[name] !== undefined && env[name] !== '')
  const switches = set.filter((name) => name.startsWith('FF_KANIKO_')).sort()
  const lines = pointless.filter((name) => set.includes(name)).map((name) => `${name} has no effect`)
  return switches.length === 0 ? lines : [...lines, `feature switches have no effect: ${switches.join(', ')}`]
}
