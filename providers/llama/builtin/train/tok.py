"""A vocabulary in the manner of SentencePiece's BPE, made from the generator's texts.

Pieces are letters only, with or without a leading space; every other character is a token of
its own. So the merges of llama.cpp, which do not know words, give the same ids.
"""
import heapq, random, re
from collections import Counter, defaultdict

SPECIAL = ["<unk>", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|tools|>", "<|tool|>", "<tool_call>", "</tool_call>"]
UNK, BOS, EOS, USER, ASSISTANT, TOOLS, TOOL, CALL, END = range(9)
BYTES = len(SPECIAL)
SPLIT = re.compile(r"▁?[A-Za-z']+|▁|.", re.S)
TAGS = re.compile(r"(<tool_call>|</tool_call>)")


def words(text):
    return SPLIT.findall(text.replace(" ", "▁"))


def train(counter, size):
    """Returns the vocabulary: the most frequent pair is merged until there are size pieces."""
    vocab = SPECIAL + [f"<0x{i:02X}>" for i in range(256)] + [chr(c) for c in range(33, 127)] + ["▁", "\n"]
    have = set(vocab)
    ws = [(list(w), c) for w, c in counter.items() if len(w) > 1]
    pairs, where = Counter(), defaultdict(set)
    for i, (w, c) in enumerate(ws):
        for p in zip(w, w[1:]):
            pairs[p] += c
            where[p].add(i)
    heap = [(-c, p) for p, c in pairs.items()]
    heapq.heapify(heap)
    while len(vocab) < size and heap:
        c, p = heapq.heappop(heap)
        if -c != pairs.get(p, 0):
            if pairs.get(p, 0) > 0:
                heapq.heappush(heap, (-pairs[p], p))
            continue
        if -c < 2:
            break
        new = p[0] + p[1]
        if new not in have:
            have.add(new)
            vocab.append(new)
        changed = set()
        for i in where.pop(p):
            w, n = ws[i]
            for q in zip(w, w[1:]):
                pairs[q] -= n
                changed.add(q)
            out, j = [], 0
            while j < len(w):
                if j + 1 < len(w) and w[j] == p[0] and w[j + 1] == p[1]:
                    out.append(new)
                    j += 2
                else:
                    out.append(w[j])
                    j += 1
            ws[i] = (out, n)
            for q in zip(out, out[1:]):
                pairs[q] += n
                where[q].add(i)
                changed.add(q)
        for q in changed:
            if pairs[q] > 0:
                heapq.heappush(heap, (-pairs[q], q))
    return vocab


class Tok:
    def __init__(self, vocab):
        self.vocab, self.id, self.cache = vocab, {v: i for i, v in enumerate(vocab)}, {}
        self.random = random.Random(3)

    def word(self, w, drop=0.0):
        r = self.cache.get(w) if not drop else None
        if r is None:
            p = list(w)
            while len(p) > 1:  # the piece with the lowest id first, as its score is the best
                best = None
                for i in range(len(p) - 1):
                    k = self.id.get(p[i] + p[i + 1])
                    if k is not None and (best is None or k < best[0]) and not (drop and self.random.random() < drop):
                        best = (k, i)
                if best is None:
                    break
                i = best[1]
                p[i : i + 2] = [p[i] + p[i + 1]]
            r = []
            for x in p:
                r += [self.id[x]] if x in self.id else [BYTES + b for b in x.encode()]
            if not drop and len(self.cache) < 300000:
                self.cache[w] = r
        return r

    def enc(self, text, drop=0.0):
        """Ids of a text. A small part of the words is cut in other ways if drop is set."""
        return [i for w in words(text) for i in self.word(w, 0.3 if drop and self.random.random() < drop else 0)]

    def answer(self, text):
        """Ids of an answer, with the tags of tool calls."""
        out = []
        for part in TAGS.split(text):
            out += [SPECIAL.index(part)] if part in SPECIAL else self.enc(part)
        return out + [EOS]

    def dec(self, ids):
        b = b""
        for i in ids:
            b += bytes([i - BYTES]) if BYTES <= i < BYTES + 256 else self.vocab[i].encode()
        return b.decode("utf8", "replace").replace("▁", " ")
