import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { imageCases, refusedCases, wrongCases } from './cases.ts'

/** Something BuildKit's Dockerfile reference describes, and the tests that show how it does here, or how it is refused. */
export interface ReferenceOption {
  readonly option: string
  /** Names of cases, or "path: part of a test's name" below the directory of all tests. */
  readonly tests: readonly string[]
}

export const referenceOptions: readonly ReferenceOption[] = [
  { option: '# syntax', tests: ['syntax-directive', 'syntax-directive-digest', 'wrong-syntax'] },
  { option: '# escape', tests: ['escape-continues-lines', 'escape-keeps-backslash', 'wrong-escape'] },
  { option: '# check', tests: ['check-directive'] },
  { option: 'FROM', tests: ['from-base-configuration', 'from-scratch-environment'] },
  { option: 'FROM --platform', tests: ['from-platform-target', 'from-platform-build', 'wrong-platform'] },
  { option: 'FROM … AS', tests: ['from-alias-chain', 'wrong-from-name'] },
  { option: 'RUN (shell form)', tests: ['run-continuation'] },
  { option: 'RUN (exec form)', tests: ['run-exec-form'] },
  { option: 'RUN (heredoc)', tests: ['heredoc-run', 'heredoc-run-shebang', 'heredoc-run-several'] },
  { option: 'RUN --mount=type=bind', tests: ['e2e/run-mounts.test.ts: a bind shows the context without'] },
  { option: 'RUN --mount=type=cache', tests: ['e2e/run-mounts.test.ts: a cache mount lasts from build to build'] },
  { option: 'RUN --mount=type=tmpfs', tests: ['e2e/run-mounts.test.ts: a tmpfs is empty, limited and gone'] },
  { option: 'RUN --mount=type=secret', tests: ['e2e/run-mounts.test.ts: secrets are files or variables'] },
  { option: 'RUN --mount=type=ssh', tests: ['e2e/run-mounts.test.ts: an SSH agent can be reached'] },
  { option: 'RUN --network=default', tests: ['run-network-idle'] },
  { option: 'RUN --network=host', tests: ['run-network-idle'] },
  { option: 'RUN --network=none', tests: ['e2e/run-mounts.test.ts: no network is no network'] },
  { option: 'RUN --security=sandbox', tests: ['run-network-idle'] },
  { option: 'RUN --security=insecure', tests: ['e2e/run-mounts.test.ts: what no isolation gives is refused by name'] },
  { option: 'RUN --device', tests: ['e2e/run-mounts.test.ts: what no isolation gives is refused by name'] },
  { option: 'CMD', tests: ['cmd-exec', 'cmd-shell', 'cmd-empty'] },
  { option: 'LABEL', tests: ['label-forms', 'label-old-form'] },
  { option: 'MAINTAINER', tests: ['maintainer', 'wrong-maintainer-empty'] },
  { option: 'EXPOSE', tests: ['expose-protocols', 'expose-range', 'wrong-expose-port'] },
  { option: 'ENV', tests: ['env-persists', 'env-old-form', 'wrong-env-value'] },
  { option: 'ADD', tests: ['add-archive', 'add-no-archive', 'add-directory'] },
  { option: 'ADD <url>', tests: ['add-url', 'add-url-directory', 'wrong-add-missing-url'] },
  { option: 'ADD <git>', tests: ['e2e/git.test.ts: ADD takes the files of a repository'] },
  { option: 'ADD --keep-git-dir', tests: ['e2e/git.test.ts: ADD --keep-git-dir keeps'] },
  { option: 'ADD --checksum', tests: ['add-url-checksum', 'wrong-add-checksum'] },
  { option: 'ADD --chown', tests: ['add-archive-chown', 'chown-add'] },
  { option: 'ADD --chmod', tests: ['add-url-owner', 'chmod-octal'] },
  { option: 'ADD --link', tests: ['add-link'] },
  { option: 'ADD --unpack', tests: ['e2e/copy-options.test.ts: ADD unpacks every compression'] },
  { option: 'ADD --exclude', tests: ['e2e/copy-options.test.ts: COPY --exclude leaves out'] },
  {
    option: 'ADD of bzip2 and xz',
    tests: ['add-archives', 'e2e/copy-options.test.ts: ADD unpacks every compression'],
  },
  { option: 'COPY', tests: ['copy-file-to-name', 'copy-directory-contents'] },
  { option: 'COPY (heredoc)', tests: ['heredoc-copy', 'heredoc-copy-several'] },
  { option: 'COPY --from', tests: ['copy-from-name', 'copy-from-index', 'wrong-from-later-stage'] },
  { option: 'COPY --chown', tests: ['chown-numbers', 'chown-name', 'wrong-chown-user'] },
  { option: 'COPY --chmod', tests: ['chmod-octal', 'chmod-symbolic', 'wrong-chmod'] },
  { option: 'COPY --link', tests: ['copy-link'] },
  { option: 'COPY --parents', tests: ['e2e/copy-options.test.ts: COPY --parents keeps'] },
  { option: 'COPY --exclude', tests: ['e2e/copy-options.test.ts: COPY --exclude leaves out'] },
  { option: 'ENTRYPOINT', tests: ['entrypoint-exec', 'entrypoint-shell', 'entrypoint-resets-cmd'] },
  { option: 'VOLUME', tests: ['volume-forms', 'volume-written-after', 'wrong-volume-blank'] },
  { option: 'USER', tests: ['user-name', 'user-and-group-numbers', 'wrong-user-run'] },
  { option: 'WORKDIR', tests: ['workdir-absolute', 'workdir-relative', 'wrong-workdir-empty'] },
  { option: 'ARG', tests: ['arg-default', 'arg-given', 'wrong-arg-empty'] },
  { option: 'ARG (predefined)', tests: ['arg-proxy-predefined', 'arg-platform-parts'] },
  { option: 'ONBUILD', tests: ['onbuild-of-stage', 'wrong-onbuild-from'] },
  { option: 'STOPSIGNAL', tests: ['stopsignal-name', 'stopsignal-number', 'wrong-stopsignal'] },
  { option: 'HEALTHCHECK', tests: ['healthcheck-shell', 'healthcheck-exec', 'healthcheck-none'] },
  { option: 'HEALTHCHECK --interval', tests: ['healthcheck-times', 'wrong-healthcheck-duration'] },
  { option: 'HEALTHCHECK --timeout', tests: ['healthcheck-times', 'wrong-healthcheck-short'] },
  { option: 'HEALTHCHECK --start-period', tests: ['healthcheck-times'] },
  { option: 'HEALTHCHECK --start-interval', tests: ['healthcheck-start-interval'] },
  { option: 'HEALTHCHECK --retries', tests: ['healthcheck-times', 'wrong-healthcheck-retries'] },
  { option: 'SHELL', tests: ['shell-config', 'shell-for-cmd', 'wrong-shell-form'] },
  { option: '.dockerignore', tests: ['ignore-name', 'ignore-negation', 'wrong-ignore-pattern'] },
  { option: '<Dockerfile>.dockerignore', tests: ['ignore-own-file'] },
]

const dockerfiles = new Map(
  [...imageCases, ...wrongCases, ...refusedCases].map(({ name, dockerfile }) => [name, dockerfile]),
)
const testDirectory = join(import.meta.dirname, '..')

/** What is wrong with the tests of an option: one that is not there, or a case that does not use it. */
export function missingTests({ option, tests }: ReferenceOption): readonly string[] {
  return tests.filter((name) => {
    const [path = '', title] = name.split(': ')
    if (title === undefined) return !uses(dockerfiles.get(name), option)
    return !existsSync(join(testDirectory, path)) || !readFileSync(join(testDirectory, path), 'utf8').includes(title)
  })
}

/** Every word of an option but what only explains it stands in one instruction of the Dockerfile. */
function uses(dockerfile: string | undefined, option: string): boolean {
  if (dockerfile === undefined) return false
  if (/dockerignore/.test(option)) return true
  const words = option
    .split(/[ ,]+/)
    .filter((word) => /^(?:#|-?-?[A-Za-z]+(?:-[a-z]+)*(?:=.*)?)$/.test(word) && !/^(?:of|and|bzip2|xz)$/.test(word))
  return dockerfile.split('\n').some((line) => {
    return words.every((word) => line.toLowerCase().includes(word.toLowerCase()))
  })
}
