"""Lists held-out questions that the generator can produce word by word.

    python3 overlap.py ../testdata/heldout.tsv 200000
"""
import re, sys
import gen


def plain(s):
    return re.sub(r"[^a-z0-9' ]", "", s.lower()).strip()


held = {}
for line in open(sys.argv[1]):
    topic, q = line.rstrip("\n").split("\t")
    held[plain(q.split("||")[-1])] = q
# Frames are compared as patterns, because their words are drawn from long lists.
hits = set()
for key, frames in gen.FRAMES.items():
    if key in ("how", "noun", "before", "after", "context"):
        continue
    for f in frames:
        pattern = re.escape(plain(re.sub(r"\{\w\}", " QQ ", f).replace("QQ", "qq")))
        pattern = re.sub(r"(\\ )+", " +", re.sub(r"qq", r".+", pattern))
        if pattern.replace(".+", "").replace("+", "").strip() == "":
            continue
        for p, q in held.items():
            if re.fullmatch(pattern, p):
                hits.add((q, f"[{key}] {f}"))
n = int(sys.argv[2])
for _ in range(n):
    t = gen.R.choice(gen.TOPICS)
    p = plain(gen.ask(t, gen.PHRASES))
    if p in held:
        hits.add((held[p], t))
for h in sorted(hits):
    print(*h, sep="\t")
print(len({h[0] for h in hits}), "of", len(held))
