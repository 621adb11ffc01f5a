"""Checks the data in a minute: a linear classifier of topics, over words, pairs of words and
letters, learns from the generator and is tried on questions by somebody else.

    python3 lin.py dev.tsv 1.0 [quiet]    minutes of processor time
"""
import os, re, sys, time, zlib
os.environ["OMP_NUM_THREADS"] = "1"
import torch, torch.nn as nn, torch.nn.functional as F
import gen

torch.set_num_threads(1)
H = 1 << 17


def feats(q):
    w = re.findall(r"[a-z']+|\d+|[^\sa-z\d]", q.lower())
    f = {"w" + x for x in w} | {"b" + x + " " + y for x, y in zip(w, w[1:])}
    for x in w:
        y = "<" + x + ">"
        f |= {"c" + y[j : j + n] for n in (3, 4) for j in range(len(y) - n + 1)}
    return [zlib.crc32(s.encode()) % H for s in f] or [0]


E = nn.EmbeddingBag(H, 64, mode="mean")
W = nn.Linear(64, len(gen.LABELS))
nn.init.normal_(E.weight, 0, 0.1)
opt = torch.optim.Adagrad(list(E.parameters()) + list(W.parameters()), lr=0.05)
items = []
for line in open(sys.argv[1]):
    t, q = line.rstrip("\n").split("\t")
    t = {"asknoname": "noname", "askname": "noname"}.get(t, t)
    items.append((t, q.split("||")[-1].strip()))


def test():
    bad = []
    for t, q in items:
        p = gen.LABELS[W(E(torch.tensor(feats(q)), torch.tensor([0]))).argmax().item()]
        if p != t:
            bad.append((t, q, p))
    return 1 - len(bad) / len(items), bad


start, n = time.process_time(), 0
while time.process_time() - start < float(sys.argv[2]) * 60:
    fs, of, y = [], [], []
    for _ in range(256):
        q, l = gen.labelled()
        of.append(len(fs))
        fs += feats(q)
        y.append(l)
    loss = F.cross_entropy(W(E(torch.tensor(fs), torch.tensor(of))), torch.tensor(y))
    opt.zero_grad()
    loss.backward()
    opt.step()
    n += 256
right, bad = test()
print(f"{n} samples, {100 * right:.1f} % of {len(items)}")
if len(sys.argv) < 4:
    for b in bad:
        print(*b, sep="\t")
