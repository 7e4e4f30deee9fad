import type { Project } from './project.ts'

export const project: Project = {
  dockerfile: `FROM debian:13
ARG DEBIAN_FRONTEND=noninteractive
COPY <<EOF /etc/apt/sources.list
deb https://snapshot.example.com/20260301 trixie main
EOF
# apt-get install
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked <<EOF
set -e
mkdir -p /usr/share/installed
cp /etc/apt/sources.list /usr/share/installed/nginx
EOF
ARG UID=1000
RUN echo "app:x:$UID:$UID::/srv:/bin/sh" >>/etc/passwd && echo "app:x:$UID:" >>/etc/group
COPY --chown=app:app rootfs/ /
ADD --chmod=755 entrypoint.sh /usr/local/bin/
WORKDIR /srv
USER app
RUN id -u >uid
VOLUME /srv/data
EXPOSE 80
`,
  files: {
    'rootfs/etc/app.conf': 'a=1\n',
    'rootfs/srv/index.html': 'Hello\n',
    'entrypoint.sh': 'exec "$@"\n',
    'debian/changelog': 'app (1)\n',
  },
  bases: { 'debian:13': { files: { 'etc/debian_version': '13.0' } } },
  changes: [
    { what: 'nothing' },
    { what: 'all files touched', touches: true },
    { what: 'rootfs/etc/app.conf edited', files: { 'rootfs/etc/app.conf': 'a=2\n' } },
    { what: 'a file added to rootfs', files: { 'rootfs/etc/more.conf': '' } },
    {
      what: 'entrypoint.sh made executable, as --chmod has it',
      files: { 'entrypoint.sh': { text: 'exec "$@"\n', mode: 0o755 } },
    },
    { what: 'debian/changelog edited, which is not copied', files: { 'debian/changelog': 'app (2)\n' } },
    { what: 'another snapshot of the archive', dockerfile: [['20260301', '20260401']] },
    {
      what: 'one more package',
      dockerfile: [['installed/nginx\n', 'installed/nginx\ntouch /usr/share/installed/curl\n']],
    },
    { what: 'UID=1001', buildArgs: { UID: '1001' } },
    { what: 'a proxy', buildArgs: { http_proxy: 'http://proxy.example.com' } },
    {
      what: 'EXPOSE and VOLUME changed',
      dockerfile: [
        ['EXPOSE 80', 'EXPOSE 8080'],
        ['VOLUME /srv/data', 'VOLUME /srv/state'],
      ],
    },
    { what: 'debian:13 moved', bases: { 'debian:13': { files: { 'etc/debian_version': '13.1' } } } },
    { what: 'a HEALTHCHECK in the middle', dockerfile: [['WORKDIR', 'HEALTHCHECK CMD true\nWORKDIR']] },
  ],
}
