export interface KnownDifference {
  /** The case it shows in; undefined for all. */
  readonly name?: string
  /** Matches the line a comparison prints: "/path: ours | buildah's" or "Field: ours | buildah's". */
  readonly line: RegExp
  readonly reason: string
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
    name: 'run-environment',
    line: /^Env: \["PATH=.* \| \["GREETING=.*"PATH=/,
    reason: 'BuildKit puts the default PATH in front where the base has none',
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
  ...['workdir', 'inherit-stage', 'scratch'].map((name) => ({
    name,
    line: /^\/(?:from|srv|made)(?:\/\w+)?: \{"type":"directory".* \| missing/,
    reason: 'BuildKit makes the directory of a WORKDIR at once, buildah when something runs in it',
  })),
]
