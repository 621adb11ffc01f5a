// Writes samples.jsonl anew: reads it on standard input, has npm's tiktoken
// encode the text of each line, and writes the lines with its answers.
//
//   npm install --no-save tiktoken@1.0.22
//   node samples.mjs <samples.jsonl >new.jsonl
import { readFileSync } from 'node:fs'
import { get_encoding } from 'tiktoken'

const encodings = ['cl100k_base', 'o200k_base'].map((name) => [name, get_encoding(name)])
for (const line of readFileSync(0, 'utf8').split('\n')) {
  if (line === '') continue
  const sample = { text: JSON.parse(line).text }
  for (const [name, encoding] of encodings) sample[name] = [...encoding.encode_ordinary(sample.text)]
  console.log(JSON.stringify(sample))
}
