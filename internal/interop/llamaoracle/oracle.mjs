// Answers requests about models with libllama, until standard input ends. A request is a line
// of JSON: {path, threads, prompt, tokens, timed}, or {path, threads, text} for the ids of a text
// with control tokens, {ids}.
//
// The answer is a greedy run of so many tokens, a line of JSON for each: {id, logits}, where
// logits are those of all tokens by id, less the largest one. If timed is set, it is one line
// {cpu, wall}: the seconds that the prompt takes if tokens is 0, or else those of generating
// the tokens after it.
import { createInterface } from 'node:readline'
import { getLlama } from 'node-llama-cpp'

const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: 'error' })
let loaded = {}

async function sequence(path, threads) {
  if (loaded.path !== path || loaded.threads !== threads) {
    await loaded.model?.dispose()
    const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 })
    const context = await model.createContext({ contextSize: 2048, batchSize: 512, threads, flashAttention: true })
    loaded = { path, threads, model, sequence: context.getSequence() }
  }
  await loaded.sequence.clearHistory()
  return loaded.sequence
}

async function answer(s, prompt, tokens) {
  let n = 0
  for await (const t of s.evaluateWithMetadata(prompt, { probabilities: true }, { temperature: 0, yieldEogToken: true })) {
    const logits = new Array(t.probabilities.size)
    const most = t.probabilities.get(t.token)
    for (const [id, p] of t.probabilities) logits[id] = Math.max(Math.log(p / most), -1e9)
    console.log(JSON.stringify({ id: t.token, logits }))
    if (++n === tokens) break
  }
}

async function time(s, prompt, tokens) {
  if (tokens > 0) await s.evaluateWithoutGeneratingNewTokens(prompt)
  const before = process.cpuUsage(), start = performance.now()
  if (tokens > 0) {
    let n = 0
    for await (const _ of s.evaluate([prompt[0]], { temperature: 0, yieldEogToken: true })) if (++n === tokens) break
  } else {
    await s.evaluateWithoutGeneratingNewTokens(prompt)
  }
  const used = process.cpuUsage(before)
  console.log(JSON.stringify({ cpu: (used.user + used.system) / 1e6, wall: (performance.now() - start) / 1e3 }))
}

for await (const line of createInterface({ input: process.stdin })) {
  const { path, threads, prompt, tokens, timed, text } = JSON.parse(line)
  const s = await sequence(path, threads)
  if (text) console.log(JSON.stringify({ ids: loaded.model.tokenize(text, true) }))
  else await (timed ? time : answer)(s, prompt, tokens)
}
process.exit(0)
