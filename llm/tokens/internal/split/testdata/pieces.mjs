// Writes pieces.jsonl: random texts, and the pieces into which npm's tiktoken cuts them.
//
//	npm install --ignore-scripts tiktoken@1.0.22
//	node pieces.mjs COUNT SEED < patterns.json > pieces.jsonl
//
// tiktoken returns tokens, not pieces. But a piece that is in the vocabulary is one token,
// and the vocabulary is an argument. So this program makes every part of every text a
// token, and the tokens are then the pieces. Each line contains the text and, in the order
// of patterns.json, the lengths of the pieces in bytes.
//
// A pattern with several expressions is matched step by step, each step within the pieces
// of the previous one. Text that an expression does not match is also a piece.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { Tiktoken } = createRequire(pathToFileURL(process.cwd() + "/"))("tiktoken");
const patterns = Object.values(JSON.parse(readFileSync(0, "utf8")));
const count = Number(process.argv[2]);
let seed = Number(process.argv[3]);

function random(n) {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return Math.floor((seed / 2147483648) * n);
}

const blanks = [" ", "  ", "   ", "\t", "\n", "\r", "\r\n", "\n\n", " \n", "\u00a0", "\u3000", "\u2028", "\u0085", "\u000b", "\u180e"];
const words = [
  "'s", "'S", "'ſ", "'T", "'re", "'RE", "'rE", "'vE", "'m", "'ll", "'lL", "'d", "'", "''", "’s", ...blanks,
  "a", "b", "A", "B", "Hello", "world", "WORLD", "camelCase", "é", "É", "ß", "ſ", "ǅ", "ʰ", "ª", "ω", "Ω", "я", "Я", "Ж", "İ", "K", "ﬆ",
  "가", "나", "漢", "字", "々", "〇", "〡", "⺀", "龦", "㐀", "ひ", "カ", "ー", "・", "゛", "\u3099", "ไ", "ท", "่", "नि", "ा", "א", "ع", "ِ",
  "ა", "Ა", "Ⴀ", "\u1c89", "\u{10d50}", "\u{1e5d0}", "\u{16d40}", "\u{16ff0}", "\u{20000}", "\u{2ebf0}",
  "\u0301", "\u0302", "\u200d", "\ufe0f", "😀", "👨‍👩‍👧", "🏽", "\u{1f1e9}", "1", "2", "123", "1234", "½", "²", "٣", "Ⅷ", "\u{1d7ce}",
  ".", ",", "!", "/", "//", "\\", "-", "_", "(", ")", "{", "}", "$", "+", "=", "^", "`", "~", "|", "<", ">", "\"", "#", "€", "“", "”", "。", "，",
  "\x00", "\x7f", "\u00ad", "\u200b", "\ufeff", "\u061c", "\u{e0001}", "\u{e0100}", "\ue000", "\u{10ffff}", "\u0378", "<|endoftext|>",
];

function anyCharacter() {
  for (;;) {
    const r = random(10);
    const c = r < 3 ? random(0x80) : r < 5 ? random(0x800) : r < 8 ? random(0x10000) : r < 9 ? 0x10000 + random(0x10000) : random(0x110000);
    if (c < 0xd800 || c > 0xdfff) return String.fromCodePoint(c);
  }
}

function anyText() {
  const kind = random(4);
  let text = "";
  for (let n = 1 + random(14); n > 0; n--) {
    text += kind === 0 && random(2) === 0 ? anyCharacter() : words[random(words.length)];
    if (kind === 1 && random(3) === 0) text += blanks[random(blanks.length)];
  }
  return text;
}

const batch = 250;
for (let done = 0; done < count; done += batch) {
  const texts = Array.from({ length: Math.min(batch, count - done) }, anyText);
  const vocabulary = new Map();
  const add = (bytes) => {
    const key = bytes.toString("base64");
    if (!vocabulary.has(key)) vocabulary.set(key, bytes.length);
  };
  for (let i = 0; i < 256; i++) add(Buffer.from([i]));
  for (const text of texts) {
    const characters = [...text];
    for (let i = 0; i < characters.length; i++) {
      for (let j = i + 1; j <= characters.length; j++) add(Buffer.from(characters.slice(i, j).join("")));
    }
  }
  const ranks = "! 0 " + [...vocabulary.keys()].join(" ");
  const lengths = [...vocabulary.values()];
  const encoders = patterns.map((steps) => steps.map((p) => new Tiktoken(ranks, {}, `${p}|(?:(?!${p})(?s:.))+`)));
  for (const text of texts) {
    const pieces = encoders.map((steps) => {
      let parts = [Buffer.from(text)];
      for (const encoder of steps) {
        parts = parts.flatMap((part) => {
          let at = 0;
          return Array.from(encoder.encode(part.toString("utf8"), [], []), (id) => part.subarray(at, (at += lengths[id])));
        });
      }
      return parts.map((part) => part.length);
    });
    process.stdout.write(JSON.stringify({ text, pieces }) + "\n");
  }
  for (const encoder of encoders.flat()) encoder.free();
}
