import { execFileSync, spawnSync } from 'node:child_process'

/** Debian packages the tests use: the registry, other builders and readers of images, and makers of file systems. */
export const testPackages = [
  'apache2-utils',
  'attr',
  'binutils',
  'buildah',
  'busybox-static',
  'bzip2',
  'ca-certificates',
  'catatonit',
  'debian-archive-keyring',
  'debootstrap',
  'docker-registry',
  'e2fsprogs',
  'gcc',
  'git',
  'libarchive-tools',
  'libc6-dev',
  'libcap2-bin',
  'musl-tools',
  'openssh-client',
  'openssh-server',
  'openssl',
  'podman',
  'python3',
  'python3-yaml',
  'runc',
  'skopeo',
  'slirp4netns',
  'sqlite3',
  'strace',
  'uidmap',
  'umoci',
  'xz-utils',
  'zstd',
] as const

/** Those of the named Debian packages that are not installed. */
export function missingPackages(names: readonly string[]): readonly string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\\n', ...names], {
    encoding: 'utf8',
  })
  if (query.error !== undefined) {
    throw new Error('dpkg-query is not there: the tests run on Debian 12, where they install what they need')
  }
  const installed = new Set(query.stdout.split('\n').filter((line) => line.endsWith(' installed')))
  return names.filter((name) => !installed.has(`${name} installed`))
}

/** Installs Debian packages with apt-get; needs root and the network. */
export function installPackages(names: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]): void => {
    execFileSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }
  apt('update')
  apt('install', '-y', '--no-install-recommends', ...names)
}
