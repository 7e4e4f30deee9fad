export interface KnownDifference {
  /** The case it shows in; undefined for all. */
  readonly name?: string
  /** Matches the line a comparison prints: "/path: ours | buildah's" or "Field: ours | buildah's". */
  readonly line: RegExp
  readonly reason: string
  /** Does not show where hearth's roots are overlays, too. */
  readonly onlyUnpacked?: boolean
}

/** Where buildah differs from BuildKit, whose semantics are ours. Everything else must agree. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    line: /^\/etc\/(?:hosts|hostname|resolv\.conf): missing \| /,
    reason: 'buildah leaves behind the empty files it mounted over in a RUN',
  },
  {
    line: /^\/run: missing \| \{"type":"directory"/,
    reason: 'buildah makes the directory of its own mounts in a RUN, and leaves it behind',
  },
  {
    line: /^WorkingDir: "\/" \| nothing/,
    reason: 'FROM scratch starts in / in BuildKit, and nowhere in buildah',
  },
  {
    name: 'env-persists',
    line: /^Env: .*"A=3","B=2".* \| .*"B=2","A=3"/,
    reason: 'BuildKit changes a variable where it stands, buildah moves it to the end',
  },
  {
    name: 'add-archives',
    line: /^\/(?:plain|several): .*"owner":"0:0".* \| .*"owner":"55:66"/,
    reason: 'the entry "./" of an archive leaves the destination as it is in BuildKit, and owns it in buildah',
  },
  {
    name: 'config',
    line: /^(?:Entrypoint|Cmd): \["\/bin\/sh","-x","-c",.* \| \["\/bin\/sh","-c",/,
    reason: 'BuildKit uses the SHELL in force for CMD and ENTRYPOINT, buildah only for RUN',
  },
  {
    name: 'copy-owners',
    line: /^\/both: .*"mode":"711".* \| .*"mode":"755"/,
    reason: 'BuildKit gives --chmod to the directories it makes on the way, too',
  },
  {
    name: 'chmod-tree',
    line: /^\/d: .*"mode":"711".* \| .*"mode":"755"/,
    reason: 'BuildKit gives --chmod to the directories it makes on the way, too',
  },
  {
    name: 'run-environment',
    line: /^Env: \["PATH=.* \| \["GREETING=.*"PATH=/,
    reason: 'BuildKit puts the default PATH in front where the base has none',
  },
  {
    name: 'links',
    line: /^\/(?:three|l\/two|l\/late|l\/d\/again): /,
    reason: 'overlayfs, below buildah, splits the names of a file from a lower layer; here they stay one file',
    onlyUnpacked: true,
  },
  {
    name: 'debian-usrmerge',
    line: /^\/usr\/bin\/perl[\d.]+: .*"sameAs":"opt\/perl"/,
    reason: 'overlayfs, below buildah, splits the names of a file from a lower layer; here they stay one file',
    onlyUnpacked: true,
  },
  {
    name: 'config',
    line: /^ExposedPorts: .*"8001\/tcp".* \| .*"8000-8002\/tcp"/,
    reason: 'BuildKit exposes every port of a range, buildah keeps the range as it is written',
  },
  {
    name: 'escape-directive',
    line: /^Env: .*c:\\\\dir.* \| .*c:dir/,
    reason: 'BuildKit takes the escape directive for expansion too, buildah only for line ends',
  },
  {
    name: 'copy-files',
    line: /^\/(?:.*\/)?(?:a|inner|c|linked-file): .*"mode":"(?:4751|2770)".* \| .*"mode":"(?:751|770)"/,
    reason: 'buildah takes setuid and setgid bits off copied files',
  },
  {
    name: 'run-mounts',
    line: /^\/home\/seen\/unchanged: .*"size":15,.* \| .*"size":8,/,
    reason: 'BuildKit discards what a command writes to a bind, buildah writes it into the context',
  },
  ...[
    ...['workdir', 'inherit-stage', 'scratch'],
    ...['workdir-absolute', 'workdir-relative', 'workdir-inherited', 'onbuild-all-kinds'],
  ].map((name) => ({
    name,
    line: /^\/(?:from|srv|made|a|w)(?:\/\w+)*: \{"type":"directory".* \| missing/,
    reason: 'BuildKit makes the directory of a WORKDIR at once, buildah when something runs in it',
  })),
]

/** Whether a line of a comparison is a difference we mean to have. */
export function isKnown(name: string, line: string): boolean {
  return knownDifferences.some((known) => (known.name ?? name) === name && known.line.test(line))
}

/** What is said to differ in a case and does not any more. */
export function staleDifferences(name: string, lines: readonly string[]): readonly string[] {
  return knownDifferences
    .filter(
      (known) => known.name === name && known.onlyUnpacked !== true && !lines.some((line) => known.line.test(line)),
    )
    .map(({ reason }) => reason)
}
