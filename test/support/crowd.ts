import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandResult } from './command.ts'
import { makeContext } from './context.ts'
import { hearth, warmer } from './hearth.ts'
import type { Scene } from './scene.ts'

export interface CrowdOptions {
  readonly scene: Scene
  /** How long new programs are started, in ms. */
  readonly forMs: number
  readonly executors: number
  readonly warmers: number
  /** How often one of the programs is killed outright, in ms; undefined for never. */
  readonly killEveryMs?: number
}

export interface CrowdOutcome {
  readonly builds: number
  readonly warms: number
  readonly prunes: number
  readonly kills: number
  /** What went wrong in a program that nobody killed, or came out other than the last time. */
  readonly failures: readonly string[]
  /** What "cache verify" says in the end. */
  readonly verified: CommandResult
}

/** Projects whose images come out the same whenever and by whomever they are built. */
function projects(scene: Scene): readonly string[] {
  return Array.from({ length: 6 }, (_, i) => {
    const shared = `FROM ${scene.busybox} AS tools\nRUN echo tool > /tool\n`
    const own = `FROM ${scene.busybox}\nCOPY file /file\nRUN seq 1 ${20_000 + i} > /numbers\nCOPY --from=tools /tool /bin/\n`
    const mount = 'RUN --mount=type=cache,target=/c,id=crowd date > /c/last && echo done > /done\n'
    return makeContext(scene.directory, { Dockerfile: `${shared}${own}${mount}`, file: `file ${i}\n` })
  })
}

/** Executors, warmers and prunes at once on one cache directory. */
export async function runCrowd(options: CrowdOptions): Promise<CrowdOutcome> {
  const crowd = new Crowd(options)
  return crowd.run()
}

class Crowd {
  readonly #options: CrowdOptions
  readonly #cache: string
  readonly #work: string
  readonly #contexts: readonly string[]
  readonly #digests = new Map<string, string>()
  readonly #failures: string[] = []
  readonly #counts = { builds: 0, warms: 0, prunes: 0, kills: 0 }
  /** The programs that run, by process id; whether they were killed. */
  readonly #running = new Map<number, { killed: boolean }>()
  readonly #end: number

  constructor(options: CrowdOptions) {
    this.#options = options
    this.#cache = options.scene.newDirectory()
    this.#work = join(options.scene.newDirectory(), 'work')
    mkdirSync(this.#work)
    this.#contexts = projects(options.scene)
    this.#end = Date.now() + options.forMs
  }

  async run(): Promise<CrowdOutcome> {
    const { executors, warmers } = this.#options
    await Promise.all([
      ...Array.from({ length: executors }, (_, i) => this.#again(() => this.#build(i))),
      ...Array.from({ length: warmers }, () => this.#again(() => this.#warm())),
      this.#again(() => this.#prune()),
      this.#kill(),
    ])
    // A reader of its own finds every blob whole, and every entry with what it needs.
    const verified = await hearth(['cache', 'verify', '--cache-dir', this.#cache])
    return { ...this.#counts, failures: this.#failures, verified }
  }

  async #again(task: () => Promise<void>): Promise<void> {
    while (Date.now() < this.#end && this.#failures.length < 10) await task()
  }

  async #build(number: number): Promise<void> {
    const { scene } = this.#options
    const context = this.#contexts[(number + this.#counts.builds) % this.#contexts.length] as string
    const digestFile = join(scene.newDirectory(), 'digest')
    const layout = join(scene.newDirectory(), 'image')
    const outputs = ['--no-push', '--oci-layout-path', layout, '--digest-file', digestFile, '--reproducible']
    const args = ['--context', context, ...outputs, '--cache', '--cache-dir', this.#cache, '--explain=off']
    const result = await this.#program((o) => hearth(args, { ...o, cwd: context, env: { TMPDIR: this.#work } }))
    if (result === undefined) return
    this.#counts.builds += 1
    const digest = /Built (sha256:\S+)/.exec(result.stderr)?.[1]
    const before = this.#digests.get(context)
    if (digest !== undefined) this.#digests.set(context, before ?? digest)
    if (before !== undefined && digest !== before) this.#failures.push(`${context}: ${before}, then ${digest}`)
    if (/WARN/.test(result.stderr)) this.#failures.push(result.stderr)
  }

  async #warm(): Promise<void> {
    const args = ['--image', this.#options.scene.busybox, '--cache-dir', this.#cache, '--force']
    if ((await this.#program((o) => warmer(args, o))) !== undefined) this.#counts.warms += 1
    await sleep(200)
  }

  async #prune(): Promise<void> {
    const how = [['--all'], ['--max-size=2MiB'], ['--unused-since=2s'], ['--kind=image']][this.#counts.prunes % 4] ?? []
    const args = ['cache', 'prune', '--cache-dir', this.#cache, ...how]
    if ((await this.#program((o) => hearth(args, o))) !== undefined) this.#counts.prunes += 1
    await sleep(500)
  }

  /** Its result; undefined when it was killed. */
  async #program(
    start: (o: { readonly onStart: (pid: number) => void }) => Promise<CommandResult>,
  ): Promise<CommandResult | undefined> {
    const state = { killed: false, pid: 0 }
    const onStart = (pid: number): void => {
      state.pid = pid
      this.#running.set(pid, state)
    }
    const result = await start({ onStart })
    this.#running.delete(state.pid)
    if (state.killed) return undefined
    if (result.code !== 0) this.#failures.push(`exit code ${result.code}\n${result.stdout}${result.stderr}`)
    return result
  }

  async #kill(): Promise<void> {
    const { killEveryMs } = this.#options
    while (killEveryMs !== undefined && Date.now() < this.#end) {
      await sleep(killEveryMs * (0.5 + Math.random()))
      const running = [...this.#running].filter(([, { killed }]) => !killed)
      const [pid, state] = running[Math.floor(Math.random() * running.length)] ?? []
      if (pid === undefined || state === undefined) continue
      state.killed = true
      process.kill(pid, 'SIGKILL')
      this.#counts.kills += 1
    }
  }
}
