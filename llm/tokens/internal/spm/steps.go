package spm

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/parley-llm/parley/llm/tokens/internal/normal"
	"github.com/parley-llm/parley/llm/tokens/internal/vocab"
)

// step is one step of a tokenizer.json's normalizer.
type step struct {
	vocab.Step
	chars *charsmap // set for StepCharsmap
}

// Security: the steps come from a file, so the growth of a text is limited.
const (
	mostGrowth  = 512     // factor by which all steps together can lengthen a text
	longestPart = 1 << 10 // bytes that one step inserts
)

func newSteps(list []vocab.Step) ([]step, error) {
	steps := make([]step, len(list))
	growth := 1
	for i, s := range list {
		steps[i].Step = s
		if s.Op == vocab.StepCharsmap {
			var err error
			if steps[i].chars, err = newCharsmap([]byte(s.From)); err != nil {
				return nil, err
			}
		}
		if len(s.To) > longestPart {
			return nil, fmt.Errorf("the normalizer inserts a text of %d bytes; the limit is %d", len(s.To), longestPart)
		}
		if growth *= steps[i].growth(); growth > mostGrowth {
			return nil, fmt.Errorf("the normalizer can make a text more than %d times as long", mostGrowth)
		}
	}
	return steps, nil
}

// growth returns the factor by which the step can lengthen a text, without the text that
// it inserts once.
func (s *step) growth() int {
	switch s.Op {
	case vocab.StepReplace:
		return max(1, (len(s.To)+len(s.From)-1)/len(s.From))
	case vocab.StepReplaceSpaces:
		return max(1, (len(s.To)+1)/2)
	case vocab.StepWords:
		return 1 + len(s.To)
	case vocab.StepNFC, vocab.StepNFD:
		return 3 // https://unicode.org/faq/normalization.html#12
	case vocab.StepNFKC, vocab.StepNFKD:
		return 11
	case vocab.StepCharsmap:
		return max(1, s.chars.longestText)
	}
	return 1
}

// apply performs the step.
func (s *step) apply(text string) string {
	switch s.Op {
	case vocab.StepReplace:
		return strings.ReplaceAll(text, s.From, s.To)
	case vocab.StepReplaceSpaces:
		return replaceSpaces(text, s.To)
	case vocab.StepPrepend:
		if text == "" {
			return ""
		}
		return s.To + text
	case vocab.StepTrimLeft:
		return strings.TrimLeftFunc(text, unicode.IsSpace)
	case vocab.StepTrimRight:
		return strings.TrimRightFunc(text, unicode.IsSpace)
	case vocab.StepNFC:
		return normal.String(norm.NFC, text)
	case vocab.StepNFD:
		return normal.String(norm.NFD, text)
	case vocab.StepNFKC:
		return normal.String(norm.NFKC, text)
	case vocab.StepNFKD:
		return normal.String(norm.NFKD, text)
	case vocab.StepWords:
		return prefixWords(text, s.To)
	case vocab.StepCharsmap:
		return mapClusters(s.chars, text)
	}
	return text
}

// replaceSpaces replaces each run of two or more spaces.
func replaceSpaces(text, to string) string {
	var b strings.Builder
	for text != "" {
		i := strings.Index(text, "  ")
		if i < 0 {
			break
		}
		b.WriteString(text[:i])
		b.WriteString(to)
		text = strings.TrimLeft(text[i:], " ")
	}
	b.WriteString(text)
	return b.String()
}

// prefixWords puts the prefix before each word that does not begin with it, and removes
// white space.
func prefixWords(text, prefix string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(text) {
		if !strings.HasPrefix(word, prefix) {
			b.WriteString(prefix)
		}
		b.WriteString(word)
	}
	return b.String()
}

// longestCluster is the length in bytes from which a grapheme cluster is not mapped as a
// whole.
const longestCluster = 6

// mapClusters maps characters as Hugging Face's Precompiled does. It differs from
// SentencePiece: a short grapheme cluster is replaced by the mapping of its shortest
// prefix. In other clusters each character is mapped separately.
// https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/normalizers/precompiled.rs
func mapClusters(chars *charsmap, text string) string {
	var b strings.Builder
	for text != "" {
		n := clusterLen(text)
		cluster := text[:n]
		text = text[n:]
		if n < longestCluster {
			if to, length := chars.shortest(cluster); length > 0 {
				b.WriteString(to)
				continue
			}
		}
		for cluster != "" {
			_, n := decode(cluster)
			if to, length := chars.shortest(cluster[:n]); length > 0 {
				b.WriteString(to)
			} else {
				b.WriteString(cluster[:n])
			}
			cluster = cluster[n:]
		}
	}
	return b.String()
}

// clusterLen returns the length of the grapheme cluster at the beginning of text. It is
// exact for clusters shorter than longestCluster. A longer cluster may be reported in
// several pieces. That makes no difference here, because the characters of a long cluster
// are mapped separately.
// https://unicode.org/reports/tr29/#Grapheme_Cluster_Boundary_Rules
func clusterLen(text string) int {
	first, n := decode(text)
	if strings.HasPrefix(text, "\r\n") {
		return 2
	}
	if breaksClusters(first) {
		return n
	}
	prepend := unicode.Is(unicode.Prepended_Concatenation_Mark, first) || first == 0x0d4e
	for n < len(text) {
		c, size := decode(text[n:])
		if !extendsCluster(c) && (!prepend || breaksClusters(c)) {
			break
		}
		prepend = prepend && (unicode.Is(unicode.Prepended_Concatenation_Mark, c) || c == 0x0d4e)
		n += size
	}
	return n
}

// breaksClusters reports whether a character is always a separate cluster.
func breaksClusters(c rune) bool {
	if extendsCluster(c) || unicode.Is(unicode.Prepended_Concatenation_Mark, c) {
		return false
	}
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// extendsCluster reports whether a character belongs to the cluster before it.
func extendsCluster(c rune) bool {
	switch c {
	case 0x200c, 0x200d, 0x0e33, 0x0eb3, 0xff9e, 0xff9f:
		return true
	case 0x102b, 0x102c, 0x1038, 0x1083, 0x108f, 0x1a61, 0x1a63, 0x1a64, 0xaa7b, 0xaa7d:
		return false
	}
	switch {
	case 0x1f3fb <= c && c <= 0x1f3ff, 0xe0020 <= c && c <= 0xe007f:
		return true
	case 0x1062 <= c && c <= 0x1064, 0x1067 <= c && c <= 0x106d, 0x1087 <= c && c <= 0x108c, 0x109a <= c && c <= 0x109c:
		return false
	}
	return unicode.Is(unicode.M, c)
}
