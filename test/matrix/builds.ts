import { cpSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { downloadedPackages } from '../support/debian-archive.ts'

/** A column of the matrix. */
export interface MatrixBuild {
  readonly title: string
  readonly dockerfile: string
  readonly files?: Readonly<Record<string, string>>
  /** Names of Debian packages that the context holds as a source for apt, in "packages". */
  readonly packages?: readonly string[]
  /** It has a RUN. */
  readonly commands: boolean
  /** The base has a file with a capability of its own. */
  readonly capabilities?: boolean
}

const locks = '/var/lib/dpkg/lock /var/lib/dpkg/lock-frontend /var/lib/dpkg/triggers/Lock'

export const matrixBuilds = {
  debian: {
    title: 'Debian, `apt-get install`',
    // Without the locks: Linux gives a file that is emptied again a new time, and so a place in the layer; gVisor does not.
    dockerfile: `FROM debian:12
COPY packages /packages
RUN echo 'deb [trusted=yes] file:/packages ./' > /etc/apt/sources.list && \\
    apt-get update && apt-get install --yes --no-install-recommends at cron && \\
    test -g /usr/bin/crontab && test -u /usr/bin/at && \\
    rm -rf /packages /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/* /var/log/* ${locks}
RUN dpkg --verify at cron && dpkg --purge cron cron-daemon-common && rm -f /var/log/dpkg.log ${locks}
`,
    packages: ['at', 'cron', 'cron-daemon-common', 'sensible-utils'],
    commands: true,
  },
  busybox: {
    title: 'busybox',
    // A file with several names has its last change where it gets them: a later one parts the names in an overlay only.
    dockerfile: `FROM busybox:1
COPY text /srv/text
RUN tr a-z A-Z < /srv/text > /srv/upper && ln /srv/upper /srv/again && chown 7:8 /srv/upper && chmod 6755 /srv/upper
RUN ln -s upper /srv/soft && mkfifo /srv/pipe && mkdir -m 1777 /srv/shared && rm /bin/vi && echo said > /dev/stderr
RUN test "$(cat /srv/again)" = TEXT && mv /srv/text /tmp/moved && echo kept > /tmp/kept
`,
    files: { text: 'text\n' },
    commands: true,
  },
  stages: {
    title: 'several stages, `COPY --from`, `USER`',
    dockerfile: `FROM busybox:1 AS made
RUN echo 'carol:x:1234:77::/home/carol:/bin/sh' >> /etc/passwd && echo 'team:x:4321:carol' >> /etc/group && \\
    mkdir -m 1777 /shared && mkdir -p /made/by && chown 7:8 /made/by
USER carol
RUN id > /shared/id && test "$(id -u)" = 1234 && umask 077 && echo secret > /shared/closed
FROM debian:12
COPY --from=made --chown=5:6 /shared /copied
COPY --from=made /made /made
RUN test "$(stat -c %u:%g:%a /copied/closed)" = 5:6:600 && test "$(stat -c %u:%g /made/by)" = 7:8
USER 1234:77
WORKDIR /home/carol
RUN id -G > /tmp/groups && test "$(cat /tmp/groups)" = 77
CMD ["id"]
`,
    commands: true,
  },
  copies: {
    title: 'copies only',
    dockerfile: `FROM busybox:1 AS source
COPY text /text
FROM busybox:1
COPY --from=source --chown=5:6 /text /srv/
COPY --chmod=4711 text /srv/program
WORKDIR /srv/work
ENV A=b
USER 1000
CMD ["cat", "/srv/text"]
`,
    files: { text: 'text\n' },
    commands: false,
  },
  capabilities: {
    title: 'base with a file capability',
    dockerfile: `FROM capable:1
RUN echo other > /other
`,
    commands: true,
    capabilities: true,
  },
} as const satisfies Readonly<Record<string, MatrixBuild>>

export type MatrixBuildName = keyof typeof matrixBuilds

/** Makes the context of a build, for everybody to read. */
export async function contextOf(build: MatrixBuild, directory: string): Promise<string> {
  const context = makeContext(directory, { Dockerfile: build.dockerfile, ...build.files })
  if (build.packages !== undefined) await addPackageSource(join(context, 'packages'), build.packages)
  await run('chmod', ['-R', 'a+rX', context])
  return context
}

/** Packages with the index that apt reads; no network is needed to install them. */
async function addPackageSource(directory: string, names: readonly string[]): Promise<void> {
  cpSync(downloadedPackages({ title: 'matrix-packages-1', names }), directory, { recursive: true })
  const entries: string[] = []
  for (const file of globSync('*.deb', { cwd: directory }).sort()) {
    const path = join(directory, file)
    const control = (await run('dpkg-deb', ['--field', path])).trimEnd()
    const size = (await run('stat', ['-c', '%s', path])).trim()
    const [digest] = (await run('sha256sum', [path])).split(' ')
    entries.push(`${control}\nFilename: ./${file}\nSize: ${size}\nSHA256: ${digest}\n`)
  }
  await run('tee', [join(directory, 'Packages')], { input: entries.join('\n') })
}
