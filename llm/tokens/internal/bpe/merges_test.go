package bpe

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// byteTokens returns the tokens of the 256 bytes, with ids different from their values.
func byteTokens() []string {
	tokens := make([]string, numBytes)
	for i := range tokens {
		tokens[i] = string([]byte{byte(i + 100)})
	}
	return tokens
}

// list is a vocabulary as in a file.
type list struct {
	tokens []string
	merges [][2]int32
}

// merge adds the merge of two tokens and the token that it makes.
func (l *list) merge(left, right int) {
	joined := l.tokens[left] + l.tokens[right]
	if !slices.Contains(l.tokens, joined) {
		l.tokens = append(l.tokens, joined)
	}
	l.merges = append(l.merges, [2]int32{int32(left), int32(right)})
}

// randomList returns a vocabulary over a few letters. If it is in order, each merge joins
// tokens of earlier merges; otherwise it is shuffled.
func randomList(r *rand.Rand, letters string, n int, inOrder bool) list {
	l := list{tokens: byteTokens()}
	var usable []int
	for i := range len(letters) {
		usable = append(usable, slices.Index(l.tokens, letters[i:i+1]))
	}
	for range n {
		left, right := usable[r.IntN(len(usable))], usable[r.IntN(len(usable))]
		if len(l.tokens[left])+len(l.tokens[right]) > 40 {
			continue
		}
		l.merge(left, right)
		if id := slices.Index(l.tokens, l.tokens[left]+l.tokens[right]); !slices.Contains(usable, id) {
			usable = append(usable, id)
		}
	}
	for range r.IntN(3) { // tokens that no merge makes
		token := l.tokens[usable[r.IntN(len(usable))]] + letters[:1]
		if !slices.Contains(l.tokens, token) {
			l.tokens = append(l.tokens, token)
		}
	}
	if !inOrder {
		r.Shuffle(len(l.merges), func(i, j int) { l.merges[i], l.merges[j] = l.merges[j], l.merges[i] })
	}
	return l
}

func TestListsOfMergesAgreeWithTheRule(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ordered, disordered := 0, 0
	for i := range 3_000 {
		letters := []string{"ab", "abc", "abcdef", "\xc3\xa9a"}[r.IntN(4)]
		l := randomList(r, letters, 1+r.IntN(40), i%3 != 0)
		wholePieces := r.IntN(2) == 0
		v, err := FromMerges(l.tokens, l.merges, whole, wholePieces)
		if err != nil {
			t.Fatal(err)
		}
		if v.byRule == nil {
			ordered++
		} else {
			disordered++
		}
		want := newReference(l.tokens, l.merges, wholePieces)
		for range 20 {
			piece := make([]byte, 1+r.IntN(30))
			for i := range piece {
				piece[i] = letters[r.IntN(len(letters))]
			}
			checkPiece(t, v, want, string(piece))
		}
		for range 3 {
			checkPiece(t, v, want, runs(r, letters, 1+r.IntN(4), 60))
		}
		for _, token := range l.tokens[numBytes:] {
			checkPiece(t, v, want, token)
		}
	}
	if ordered < 1000 || disordered < 500 {
		t.Errorf("%d lists were in order and %d were not, want more of each kind", ordered, disordered)
	}
}

// runs returns n runs of letters of at most longest bytes.
func runs(r *rand.Rand, letters string, n, longest int) string {
	var text strings.Builder
	for range n {
		at := r.IntN(len(letters))
		text.WriteString(strings.Repeat(letters[at:at+1], 1+r.IntN(longest)))
	}
	return text.String()
}

// checkPiece compares the results of v for a piece with the reference.
func checkPiece(t *testing.T, v *Vocab, r *reference, piece string) {
	t.Helper()
	want := r.encode(piece)
	got := v.AppendEncode(nil, piece, true)
	if !slices.Equal(got, want) {
		t.Fatalf("%q is encoded as %d, want %d\ntokens from the bytes on: %q\nranks: %v", piece, got, want, r.tokens[numBytes:], r.ranks)
	}
	if n := v.Count(piece, true); n != len(want) {
		t.Fatalf("%q has %d tokens, want %d", piece, n, len(want))
	}
	var text []byte
	for _, id := range got {
		var ok bool
		if text, ok = v.AppendBytes(text, id, false); !ok {
			t.Fatalf("token %d in the encoding of %q does not exist", id, piece)
		}
	}
	if string(text) != piece {
		t.Fatalf("%q is decoded as %q", piece, text)
	}
}

// In this vocabulary, the last letter of a piece decides where the first pair is.
// Covering a piece from the left is then wrong up to its end and must be undone, over
// more steps than Count keeps.
func TestPiecesDecidedAtTheirEnd(t *testing.T) {
	const letters = longByRule/3 + 8*countWindow // three bytes each
	l := list{tokens: byteTokens()}
	ids := make(map[string]int)
	for id, token := range l.tokens {
		ids[token] = id
	}
	merge := func(left, right string) {
		l.merges = append(l.merges, [2]int32{int32(ids[left]), int32(ids[right])})
		if _, ok := ids[left+right]; !ok {
			ids[left+right] = len(l.tokens)
			l.tokens = append(l.tokens, left+right)
		}
	}
	var alphabet []string
	for r := rune(0x4000); len(alphabet) < letters; r++ {
		letter := string(r)
		merge(letter[:1], letter[1:2])
		merge(letter[:2], letter[2:])
		alphabet = append(alphabet, letter)
	}
	for i := letters - 2; i >= 0; i-- { // the last pair has the lowest rank
		merge(alphabet[i], alphabet[i+1])
	}
	v, err := FromMerges(l.tokens, l.merges, whole, false)
	if err != nil {
		t.Fatal(err)
	}
	if v.byRule != nil {
		t.Fatal("the list counts as disordered")
	}
	for _, n := range []int{1, 2, 3, 10, 11, 2 * countWindow, 2*countWindow + 1, longByRule / 3, longByRule/3 + 1, letters - 1, letters} {
		var want []int
		for i := n; i > 0; i -= 2 {
			if i == 1 {
				want = append(want, ids[alphabet[0]])
				break
			}
			want = append(want, ids[alphabet[i-2]+alphabet[i-1]])
		}
		slices.Reverse(want)
		piece := strings.Join(alphabet[:n], "")
		if got := v.AppendEncode(nil, piece, true); !slices.Equal(got, want) {
			t.Errorf("%d letters are not encoded in pairs from the end: %d tokens, want %d", n, len(got), len(want))
		}
		if got := v.Count(piece, true); got != len(want) {
			t.Errorf("%d letters have %d tokens, want %d", n, got, len(want))
		}
	}
}

// If all tokens of a file had the same slot in a table, reading it would take hours.
func TestTokensCannotBeMadeToCollide(t *testing.T) {
	l := list{tokens: byteTokens()}
	ids := make(map[string]int)
	for id, token := range l.tokens {
		ids[token] = id
	}
	var add func(token string)
	add = func(token string) {
		if _, ok := ids[token]; ok {
			return
		}
		left, right := token[:len(token)/2], token[len(token)/2:]
		add(left)
		add(right)
		l.merges = append(l.merges, [2]int32{int32(ids[left]), int32(ids[right])})
		ids[token] = len(l.tokens)
		l.tokens = append(l.tokens, token)
	}
	const n = 2000
	for i := range uint64(n) {
		// Invert mix for hashes that are nearly equal.
		key := i * inverse(0xd6e8feb86659fd93)
		key = (key ^ key>>32) * inverse(0x9e3779b97f4a7c15)
		if mix(key) != i {
			t.Fatal("the inverse of mix is wrong")
		}
		add(string(binary.LittleEndian.AppendUint64(nil, key)))
	}
	v, err := FromMerges(l.tokens, l.merges, whole, false)
	if err != nil {
		t.Fatal(err)
	}
	row, longest := 0, 0
	for _, slot := range v.short.slots {
		if row++; slot == (shortSlot{}) {
			row = 0
		}
		longest = max(longest, row)
	}
	if longest >= n/2 {
		t.Errorf("%d tokens with one hash are %d slots in a row", n, longest)
	}
}

// inverse returns the multiplicative inverse of x modulo 2^64. x must be odd.
func inverse(x uint64) uint64 {
	y := x
	for range 6 { // each step doubles the number of correct bits
		y *= 2 - x*y
	}
	return y
}

func TestFromMergesRejectsWhatIsNoVocabulary(t *testing.T) {
	full := byteTokens()
	a, b := int32(slices.Index(full, "a")), int32(slices.Index(full, "b"))
	for _, test := range []struct {
		name   string
		tokens []string
		merges [][2]int32
		want   string
	}{
		{"nothing", nil, nil, "has no token"},
		{"a byte missing", full[:255], nil, "the byte 0x63 has no token"},
		{"a negative id", full, [][2]int32{{-1, a}}, "merge 0 has the id -1"},
		{"an id too large", full, [][2]int32{{a, 256}}, "merge 0 has the id 256"},
		{"an id without a token", append(full[:256:256], "", "ab"), [][2]int32{{a, b}, {256, a}}, "merge 1 has the id 256"},
		{"a merge into no token", full, [][2]int32{{a, b}}, `merge 0 makes "ab"`},
	} {
		_, err := FromMerges(test.tokens, test.merges, whole, false)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

func FuzzFromMerges(f *testing.F) {
	f.Add([]byte{0, 1, 2, 0, 2, 2}, "abaabab", true)
	f.Add([]byte{0, 0, 2, 2, 3, 3, 1, 0}, "aaaaaaaaaaab", false)
	f.Add([]byte{0, 1, 1, 0, 3, 0, 2, 1, 0, 0}, "babababa", false)
	f.Fuzz(func(t *testing.T, pairs []byte, piece string, wholePieces bool) {
		if piece == "" || len(piece) > 200 || len(pairs) > 100 || !utf8.ValidString(piece) {
			return
		}
		// pairs join the letters a and b and the results of earlier pairs.
		l := list{tokens: byteTokens()}
		usable := []int{slices.Index(l.tokens, "a"), slices.Index(l.tokens, "b")}
		for i := 0; i+1 < len(pairs); i += 2 {
			left, right := usable[int(pairs[i])%len(usable)], usable[int(pairs[i+1])%len(usable)]
			if len(l.tokens[left])+len(l.tokens[right]) <= 50 {
				l.merge(left, right)
				usable = append(usable, slices.Index(l.tokens, l.tokens[left]+l.tokens[right]))
			}
		}
		v, err := FromMerges(l.tokens, l.merges, whole, wholePieces)
		if err != nil {
			t.Fatal(err)
		}
		checkPiece(t, v, newReference(l.tokens, l.merges, wholePieces), piece)
	})
}

// If the time for a piece of one character grew with the square of its length, this test
// would take hours.
func TestLongPiecesTakeLinearTime(t *testing.T) {
	const length = 1 << 20
	for _, e := range encodings {
		v := e.vocab(t)
		for _, char := range []string{"a", "가", " ", "\n", "😀", "\u0301"} {
			text := strings.Repeat(char, length/len(char))
			begin := time.Now()
			n := v.Count(text, true)
			ids := v.AppendEncode(nil, text, true)
			if taken := time.Since(begin); taken > 10*time.Second {
				t.Errorf("%s: 1 MB of %+q took %v", e.name, char, taken)
			}
			if n != len(ids) {
				t.Errorf("%s: 1 MB of %+q has %d tokens, but is encoded as %d", e.name, char, n, len(ids))
			}
			if half := v.Count(text[:len(text)/2], true); n < 2*half-2 || n > 2*half+2 {
				t.Errorf("%s: 1 MB of %+q has %d tokens and half of it %d", e.name, char, n, half)
			}
		}
	}
}
