import type { Project } from './project.ts'

export const project: Project = {
  dockerfile: `FROM rust:1 AS chef
WORKDIR /app

FROM chef AS planner
COPY . .
# cargo chef prepare
RUN grep -h dep Cargo.toml >recipe.json

FROM chef AS builder
COPY --from=planner /app/recipe.json recipe.json
# cargo chef cook
RUN --mount=type=cache,target=/usr/local/cargo/registry mkdir target && cp recipe.json target/deps
COPY . .
# cargo build
RUN --mount=type=cache,target=/usr/local/cargo/registry cat target/deps src/*.rs >target/app

FROM debian:13-slim
COPY --from=builder /app/target/app /usr/local/bin/
ENTRYPOINT ["app"]
`,
  files: {
    '.dockerignore': 'target\n',
    'Cargo.toml': 'version = 1\ndep = serde\n',
    'src/main.rs': 'fn main\n',
    'benches/b.rs': 'bench\n',
  },
  bases: { 'rust:1': {}, 'debian:13-slim': {} },
  changes: [
    { what: 'nothing' },
    { what: 'src/main.rs edited, with the same recipe', files: { 'src/main.rs': 'fn main()\n' } },
    { what: 'benches/b.rs edited, with the same recipe and binary', files: { 'benches/b.rs': 'bench 2\n' } },
    {
      what: 'version in Cargo.toml raised, with the same recipe and binary',
      files: { 'Cargo.toml': 'version = 2\ndep = serde\n' },
    },
    { what: 'one more dependency', files: { 'Cargo.toml': 'version = 1\ndep = serde\ndep = tokio\n' } },
    { what: 'target/ appeared, which is ignored', files: { 'target/app': 'x' } },
    { what: 'rust:1 moved', bases: { 'rust:1': { files: { 'usr/bin/rustc': '1.95' } } } },
    { what: 'a comment in the Dockerfile', dockerfile: [['# cargo build', '# cargo build --release']] },
  ],
}
