import { spawn } from 'node:child_process'
import { basename } from 'node:path'

export interface ProgramRun {
  /** Everything it printed. */
  readonly output: string
  readonly seconds: number
}

/** Runs a program that must succeed, showing what it prints, indented. */
export async function runProgram(command: string, args: readonly string[]): Promise<ProgramRun> {
  const started = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      process.stdout.write(text.replace(/^(?=.)/gm, '  '))
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`${basename(args[0] ?? command)} ended with exit code ${code}`)
  return { output, seconds: (performance.now() - started) / 1000 }
}
