package normal

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

var forms = map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}

func TestNormalisationAgreesWithPackageNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pool := []rune("aeoE=<\u1100\u1161\u11a8\uac00\uac01\u304b\u30d0\u3099\u309aé\u212b\u2126\ufb01½\ufdfa\u0300\u0301\u0302\u0323\u0327\u0338\u0345\u05b0\u0f71\u0f72\u0f73\u0344\u1e69\u0dda")
	for range 50_000 {
		chars := make([]rune, r.IntN(12))
		for i := range chars {
			chars[i] = pool[r.IntN(len(pool))]
			if r.IntN(10) == 0 {
				chars[i] = rune(r.IntN(0x3200))
			}
		}
		text := string(chars)
		for name, f := range forms {
			if got, want := String(f, text), f.String(text); got != want {
				t.Fatalf("%s of %+q is %+q, want %+q", name, text, got, want)
			}
		}
	}
}

func TestManyMarksStayAsTheyAre(t *testing.T) {
	for _, marks := range []int{10, 26, 27, 29, 30, 31, 32, 100} {
		text := "e" + strings.Repeat("\u0301", marks)
		if got, want := String(norm.NFC, text), "é"+strings.Repeat("\u0301", marks-1); got != want {
			t.Errorf("NFC of e with %d accents is %+q, want %+q", marks, got, want)
		}
	}
	text := "a" + strings.Repeat("\u0301\u0323", 40) // below comes before above
	want := "ạ" + strings.Repeat("\u0323", 39) + strings.Repeat("\u0301", 40)
	if got := String(norm.NFC, text); got != want {
		t.Errorf("NFC of 80 marks of two classes is %+q, want %+q", got, want)
	}
}

func TestMarksAreNotJoinedAcrossALetter(t *testing.T) {
	const text, want = "E\uff9e\u0f73\u0344\u0301", "E\uff9e\u0f71\u0f72\u0308\u0301\u0301"
	if got := String(norm.NFC, text); got != want {
		t.Errorf("NFC of %+q is %+q, want %+q", text, got, want)
	}
}

func TestCharactersBeyondTheFirstPlaneAreNotTakenForOthers(t *testing.T) {
	for text, want := range map[string]string{
		"\U000e0041\u0300":     "\U000e0041\u0300",
		"\U00011099\U000110ba": "\U0001109a",
		"\U0001f600e\u0301":    "\U0001f600é",
	} {
		if got := String(norm.NFC, text); got != want {
			t.Errorf("NFC of %+q is %+q, want %+q", text, got, want)
		}
	}
}
