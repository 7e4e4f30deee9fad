import type { WrongCase } from '../case.ts'

/** What BuildKit can do and hearth cannot: refused by name, with its line. What works one day leaves this list. */
export const refusedCases: readonly WrongCase[] = [
  refused('RUN --security=insecure', 'RUN --security=insecure true'),
  refused('RUN --device', 'RUN --device=vendor.example/gpu=0,required true'),
]

function refused(option: string, instruction: string): WrongCase {
  return {
    name: `refused-${option.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`,
    pins: `${option} is refused by name`,
    dockerfile: `ARG BASE\nFROM $BASE\n${instruction}\n`,
    fails: { code: 'dockerfile-unsupported', line: 3, says: /cannot be obeyed/ },
    rule: 'what is not supported is said, never left out',
  }
}
