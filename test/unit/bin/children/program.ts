import { setTimeout as sleep } from 'node:timers/promises'
import { runProgram } from '../../../../bin/run-program.ts'
import type { ProgramInput } from '../../../../src/cli/program.ts'

const aborted = (signal: AbortSignal): Promise<void> => {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

const programs: Readonly<Record<string, (input: ProgramInput) => Promise<number>>> = {
  async show({ argv, cwd, env, stdout, stderr }) {
    stdout.write(JSON.stringify({ argv, cwd, given: env.GIVEN }))
    stderr.write('aside')
    return Number(argv[1] ?? 0)
  },
  async obey({ stdout, signal }) {
    stdout.write('ready\n')
    const tick = setInterval(() => {}, 1000)
    await aborted(signal)
    clearInterval(tick)
    stdout.write(`${signal.reason.code} ${signal.reason.exitCode} ${signal.reason.message}\n`)
    return 1
  },
  async ignore({ stdout, signal }) {
    stdout.write('ready\n')
    const tick = setInterval(() => {}, 1000)
    await aborted(signal)
    stdout.write('ignored\n')
    await sleep(60_000)
    clearInterval(tick)
    return 0
  },
  async chatter({ stdout, stderr }) {
    for (let i = 0; i < 2000; i++) {
      stdout.write(`${'x'.repeat(1000)}\n`)
      if (i % 100 === 0) await sleep(1)
    }
    stderr.write('all written\n')
    return 0
  },
}

const wanted = programs[process.argv[2] ?? '']
if (wanted === undefined) throw new Error('name one of the programs')
await runProgram(wanted)
