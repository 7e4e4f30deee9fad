// Confines itself and tells what it can still do to a process and an abstract socket: confined.ts <pid> <socket>
import { execFileSync, spawn } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { confineProcesses } from '../../../../src/sys/landlock.ts'

const [pid = '', name = ''] = process.argv.slice(2)
const confined = confineProcesses()
const own = spawn('sleep', ['1000'])

function succeeds(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}

function reach(target: string): { readonly root: boolean; readonly signal: boolean } {
  return {
    root: succeeds(() => readlinkSync(`/proc/${target}/root`)),
    signal: succeeds(() => execFileSync('/bin/kill', ['-0', target], { stdio: 'ignore' })),
  }
}

const socket = await new Promise<boolean>((resolve) => {
  const connection = connect(`\0${name}`)
  connection.once('connect', () => resolve(true)).once('error', () => resolve(false))
})
const report = { confined, others: { ...reach(pid), socket }, own: reach(String(own.pid)) }
own.kill()
process.stdout.write(JSON.stringify(report), () => process.exit())
