package tokens_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/parley-llm/parley/llm/tokens"
)

// chunks is a reader that returns each string in a separate read.
type chunks []string

func (c *chunks) Read(p []byte) (int, error) {
	if len(*c) == 0 {
		return 0, io.EOF
	}
	n := copy(p, (*c)[0])
	if (*c)[0] = (*c)[0][n:]; (*c)[0] == "" {
		*c = (*c)[1:]
	}
	return n, nil
}

// largeBlock is the size of the blocks of CountReader.
const largeBlock = 64 << 10

// acrossBlocks puts text into a longer one, so that the first block of CountReader ends
// after text[:at].
func acrossBlocks(text string, at, block int) string {
	filler := strings.Repeat("word ", (block-at)/5)
	return filler + strings.Repeat(".", block-at-len(filler)) + text + " and more"
}

// CountReader looks for a place to stop after each block, so the test puts the border of
// a block at each position of the texts.
func TestCountReaderIsExactAtEveryBorder(t *testing.T) {
	texts := []string{
		"don't we'll 'LL 'lL I'ſ", "a\r\n\r\n  \r\n \t x", "  \n  \n   y", "12345678901234", "!!!\n\n\n//\n/", "ABCdefGHI ÉCOLEs",
		"日本語のテキスト、漢字。", "👨‍👩‍👧‍👦🇩🇪🇺🇸", "e\u0301e\u0301 \u0301", "a\xe2\x82b\xff\xf0\x9f\x98", "\u00a0\u3000 \u2028x", "<|endoftext|>", "가나다라마바사",
	}
	for _, e := range embedded()[:2] {
		for _, text := range texts {
			for at := range len(text) + 1 {
				whole := acrossBlocks(text, at, largeBlock)
				got, err := e.CountReader(strings.NewReader(whole))
				if want := e.Count(whole); err != nil || got != want {
					t.Fatalf("%s: %d tokens, %v, with a block's border in %q after %q, want %d", e.Name(), got, err, text, text[:at], want)
				}
			}
		}
	}
}

func TestCountReaderDoesNotMindHowTextArrives(t *testing.T) {
	var text strings.Builder
	for _, s := range samples(t) {
		text.WriteString(s.Text)
		text.WriteString("\xf0\x9f") // invalid if the next chunk does not continue it
	}
	for _, e := range embedded()[:2] {
		want := e.Count(text.String())
		for name, reader := range map[string]io.Reader{
			"whole":              strings.NewReader(text.String()),
			"byte by byte":       iotest.OneByteReader(strings.NewReader(text.String())),
			"half by half":       iotest.HalfReader(strings.NewReader(text.String())),
			"data with the end":  iotest.DataErrReader(strings.NewReader(text.String())),
			"with empty reads":   &chunks{"", text.String()[:100], "", "", text.String()[100:], ""},
			"in two at a middle": &chunks{text.String()[:text.Len()/2], text.String()[text.Len()/2:]},
		} {
			if got, err := e.CountReader(reader); err != nil || got != want {
				t.Errorf("%s, %s: %d tokens, %v, want %d", e.Name(), name, got, err, want)
			}
		}
	}
}

// Words and runs of spaces that are longer than a block.
func TestCountReaderTakesPartsLongerThanABlock(t *testing.T) {
	e := tokens.O200kBase()
	for _, char := range []string{"a", " ", "\n", "가", "\xff", "=", "7"} {
		text := "x" + strings.Repeat(char, 150_000) + "y"
		want := e.Count(text)
		if got, err := e.CountReader(strings.NewReader(text)); err != nil || got != want {
			t.Errorf("150,000 times %q: %d tokens, %v, want %d", char, got, err, want)
		}
	}
}

func TestCountReaderReturnsTheErrorOfReading(t *testing.T) {
	broken := errors.New("the disk is gone")
	e := tokens.O200kBase()
	for _, test := range []struct {
		name   string
		reader io.Reader
		count  int
		err    error
	}{
		{"nothing", strings.NewReader(""), 0, nil},
		{"at once", iotest.ErrReader(broken), 0, broken},
		{"after some text", io.MultiReader(strings.NewReader("one two three"), iotest.ErrReader(broken)), 3, broken},
		{"cut off", io.MultiReader(strings.NewReader("one two three"), iotest.ErrReader(io.ErrUnexpectedEOF)), 3, io.ErrUnexpectedEOF},
		{"never anything", iotest.ErrReader(nil), 0, io.ErrNoProgress},
	} {
		count, err := e.CountReader(test.reader)
		if count != test.count || err != test.err {
			t.Errorf("%s: %d, %v, want %d, %v", test.name, count, err, test.count, test.err)
		}
	}
}

// The memory must not grow with the length of the text.
func TestCountReaderHoldsNoMoreThanItSays(t *testing.T) {
	e := tokens.O200kBase()
	var largest int
	reader := &watch{reader: io.LimitReader(&endless{text: "Count what there is, 一二三. "}, 4<<20), largest: &largest}
	if _, err := e.CountReader(reader); err != nil {
		t.Fatal(err)
	}
	if largest > 64<<10 {
		t.Errorf("after 4 MB of ordinary text CountReader requests %d bytes at once", largest)
	}
}

// watch records the largest requested read.
type watch struct {
	reader  io.Reader
	largest *int
}

func (w *watch) Read(p []byte) (int, error) {
	*w.largest = max(*w.largest, len(p))
	return w.reader.Read(p)
}

// endless repeats a text.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.at%len(e.text)]
		e.at++
	}
	return len(p), nil
}

func FuzzCountReader(f *testing.F) {
	f.Add("a\r\n \r\n b", 3, 70_000)
	f.Add("don't 'll \xe2\x82\xac\xff", 7, 11)
	f.Fuzz(func(t *testing.T, text string, border, cut int) {
		if len(text) > 1000 {
			return
		}
		const block = 64
		whole := acrossBlocks(text, min(max(border, 0), len(text), block), block)
		cut = min(max(cut, 0), len(whole))
		for _, e := range embedded()[:2] {
			want := e.Count(whole)
			got, err := tokens.CountBlocks(e, &chunks{whole[:cut], whole[cut:]}, block)
			if err != nil || got != want {
				t.Errorf("%s: %d tokens, %v, in %q read in two at %d with a block's border after %d bytes, want %d", e.Name(), got, err, text, cut, border, want)
			}
		}
	})
}
