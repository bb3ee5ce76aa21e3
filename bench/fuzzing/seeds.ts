/** @file Files that are right, and use everything that a pipeline file may hold. */

const COMMANDS = `name: fuzz
desc: every key of a command
with: { seed: 1, seeds: [1, 2, "a,b]"], m: &m { id: a, k: 2 }, lr: 1.0e-5, on: true }
in: { rows: ./rows.jsonl, opt: ./rows.jsonl }
limits: { api: 2 }
stages:
  first:
    desc: a list is argv
    in: { rows: in.rows, many: { b: in.rows, a: ./rows.jsonl }, list: [in.rows, in.opt] }
    with: { seed: "\${with.seed}", text: "x \${with.lr} \${with.m.k}" }
    run: [cp, "\${in.rows}", "\${out.o}"]
    out: { o: file, m: { type: metrics, name: m.json }, d: folder }
    env: { A: "1" }
    pass_env: [TOKEN]
    resources: { cpus: 1, memory: 1G, time: 1h }
  each:
    matrix: { seed: "\${with.seeds}", m: [*m, { id: b }], exclude: [{ seed: 1, m: b }], include: [{ seed: 9, m: { id: c } }] }
    in: { x: first.o, sub: first.d/inner }
    run: |
      cat \${in.x} "$HOME" > \${out.o} # \${matrix.m.id}
      echo \${matrix.seed} >> \${out.o}
    out: { o: { type: records(pairs), name: o.jsonl } }
    retries: 1
    limits: { api: 1 }
  aligned:
    matrix: each
    when: "\${with.on}"
    in: { x: each.o, all: "each[*].o", some: "each[seed=*,m=a].o" }
    run: cat \${in.x} > \${out.o}
    out: { o: { type: file, temp: false } }
    cache: false
out: { all: "aligned[*].o", one: "each[seed=2,m=b].o", metrics: first.m }
`.replace(' # ${matrix.m.id}', ' ${matrix.m.id}');

const KINDS = `name: fuzz
with: { seed: 17, seeds: [1, 2] }
in: { transcripts: ./rows.jsonl }
stages:
  data: { uses: hh, in: { transcripts: in.transcripts }, with: { test: 0.2, seed: "\${with.seed}" } }
  tokenizer: { uses: tokenizer, in: { text: data.train } }
  sft: { uses: sft, in: { records: data.train, tokenizer: tokenizer.tokenizer }, with: { lr: 1e-3 } }
  reward: { uses: reward-model, in: { model: sft.model, pairs: data.train } }
  sample: { uses: sample, in: { models: { sft: sft.model }, prompts: data.train }, with: { groups: 4 } }
  score: { uses: score, in: { model: reward.model, responses: sample.responses } }
  merge: { uses: merge, in: { pairs: data.train, scored: score.scored } }
  rrhf:
    uses: rrhf
    matrix: { seed: "\${with.seeds}" }
    in: { model: sft.model, ranked: merge.ranked }
    with: { seed: "\${matrix.seed}" }
out: { policy: "rrhf[seed=1].model", all: "rrhf[*].model" }
`;

export const SEEDS: readonly string[] = [COMMANDS, KINDS];
