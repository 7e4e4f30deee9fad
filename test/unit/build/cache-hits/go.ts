import type { Project } from './project.ts'

export const project: Project = {
  dockerfile: `FROM golang:1.25 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod cat go.sum >/modules
COPY . .
ARG VERSION=dev
# go build
RUN --mount=type=cache,target=/root/.cache/go-build { echo $VERSION; grep -hv '^//' *.go; } >/app

FROM alpine:3 AS certs
RUN mkdir /certs && echo roots >/certs/ca.crt

FROM golang:1.25 AS test
COPY . .
RUN false

FROM scratch
COPY --from=certs /certs/ca.crt /etc/ssl/
COPY --from=build /app /app
USER 65532
ENTRYPOINT ["/app"]
`,
  files: {
    'go.mod': 'module app\n',
    'go.sum': 'h1:a\n',
    'main.go': '// The app.\nfunc main()\n',
    'docs/usage.md': 'Use it.\n',
  },
  bases: { 'golang:1.25': {}, 'alpine:3': {} },
  changes: [
    { what: 'nothing' },
    { what: 'main.go edited', files: { 'main.go': '// The app.\nfunc main(args)\n' } },
    {
      what: 'a comment in main.go, which gives the same binary',
      files: { 'main.go': '// The app, explained.\nfunc main()\n' },
    },
    { what: 'docs/usage.md edited, which gives the same binary', files: { 'docs/usage.md': 'Use it well.\n' } },
    { what: 'go.sum changed', files: { 'go.sum': 'h1:b\n' } },
    { what: 'VERSION given', buildArgs: { VERSION: '1.2.0' } },
    {
      what: 'golang:1.25 moved, giving the same binary',
      bases: { 'golang:1.25': { files: { 'usr/bin/go': '1.25.1' } } },
    },
    {
      what: 'alpine:3 moved, giving the same certificates',
      bases: { 'alpine:3': { files: { 'etc/alpine-release': '3.23' } } },
    },
    {
      what: 'the stage test changed, which nobody needs; but the Dockerfile is copied, too',
      dockerfile: [['RUN false', 'RUN exit 1']],
    },
    { what: 'the binary copied to another place', dockerfile: [['/app /app', '/app /bin/app']] },
    { what: 'USER of the last stage changed', dockerfile: [['65532', '1000']] },
  ],
}
