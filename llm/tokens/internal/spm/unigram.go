package spm

import "math"

// unigram finds the sequence of tokens with the highest sum of scores.
type unigram struct {
	trie    *trie
	scores  []float64
	unknown float64 // the score of an unknown character
	float32 bool    // sums are rounded to 32 bits, as in SentencePiece
}

// unknownPenalty is the difference between the lowest score of a token and the score of
// an unknown character.
const unknownPenalty = 10

// path is the best sequence of tokens up to a position in the text.
type path struct {
	score float64
	start int32 // start of the last token; -1 if there is no path yet
	id    int32
}

// lattice is the working memory for one stretch of text.
type lattice struct {
	paths []path
	cuts  []int32
}

// spell finds the best sequence of tokens for text and calls emit with each token in
// order. No token may cross the ends of text. score is the sum of the text before. spell
// returns it plus the score of text, so that sums are rounded as if the text had not been
// divided.
//
// https://github.com/google/sentencepiece/blob/master/src/unigram_model.cc,
// EncodeOptimized
func (u *unigram) spell(l *lattice, text string, score float64, unknownID int32, emit func(text string, id int32)) float64 {
	if cap(l.paths) <= len(text) {
		l.paths = make([]path, len(text)+1)
	}
	paths := l.paths[:len(text)+1]
	for i := range paths {
		paths[i] = path{start: -1}
	}
	paths[0].score = score
	for start := 0; start < len(text); {
		_, n := decode(text[start:])
		here := paths[start].score
		single := false
		node := uint32(0)
		for end := start; end < len(text); {
			if node = u.trie.step(node, text[end]); node == 0 {
				break
			}
			end++
			id := u.trie.values[node]
			if id < 0 {
				continue
			}
			sum := u.scores[id] + here
			if p := &paths[end]; p.start < 0 || sum > p.score {
				*p = path{score: u.round(sum), start: int32(start), id: id}
			}
			single = single || end-start == n
		}
		if !single {
			sum := u.round(u.unknown + here)
			if p := &paths[start+n]; p.start < 0 || sum > p.score {
				*p = path{score: sum, start: int32(start), id: unknownID}
			}
		}
		start += n
	}
	l.cuts = l.cuts[:0]
	for end := int32(len(text)); end > 0; end = paths[end].start {
		l.cuts = append(l.cuts, end)
	}
	start := int32(0)
	for i := len(l.cuts) - 1; i >= 0; i-- {
		end := l.cuts[i]
		emit(text[start:end], paths[end].id)
		start = end
	}
	return paths[len(text)].score
}

func (u *unigram) round(sum float64) float64 {
	if u.float32 {
		return float64(float32(sum))
	}
	return sum
}

// finite reports whether sums of the scores remain finite.
func finite(scores []float64) bool {
	for _, s := range scores {
		if math.IsNaN(s) || math.Abs(s) > 1e30 {
			return false
		}
	}
	return true
}
