package gguf_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/gguf/gguftest"
)

var le = binary.LittleEndian

func TestMetadataOfEveryTypeAreRead(t *testing.T) {
	for _, version := range []uint32{2, 3} {
		f := gguftest.File{Version: version}
		f.Set("u8", uint8(200))
		f.Set("i8", int8(-3))
		f.Set("u16", uint16(60000))
		f.Set("i16", int16(-300))
		f.Set("u32", uint32(4e9))
		f.Set("i32", int32(-70000))
		f.Set("u64", uint64(1<<40))
		f.Set("i64", int64(-1<<40))
		f.Set("f32", float32(0.5))
		f.Set("f64", 0.1)
		f.Set("yes", true)
		f.Set("text", "▁llama")
		f.Set("texts", []string{"a", ""})
		f.Set("floats", []float32{1, -2})
		f.Set("ints", []int32{1, -2})
		f.Set("bools", []bool{true, false})
		f.Set("bytes", []byte{1, 2})
		f.Set("nested", [][]int32{{1}, {2, 3}})
		f.Set("last", "read after a list that is skipped")
		got, err := gguf.ReadMetadata(bytes.NewReader(f.Bytes()), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"u8": int64(200), "i8": int64(-3), "u16": int64(60000), "i16": int64(-300), "u32": int64(4e9),
			"i32": int64(-70000), "u64": int64(1 << 40), "i64": int64(-1 << 40), "f32": 0.5, "f64": 0.1,
			"yes": true, "text": "▁llama", "texts": []string{"a", ""}, "floats": []float32{1, -2},
			"ints": []int32{1, -2}, "bools": []bool{true, false}, "bytes": []byte{1, 2}, "nested": nil,
			"last": "read after a list that is skipped",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("version %d: metadata (-want +got):\n%s", version, diff)
		}
	}
}

func TestTensorsAreFoundInAMappedFile(t *testing.T) {
	f := gguftest.File{Alignment: 64}
	f.Set("general.architecture", "llama")
	one, two := []byte{1, 2, 3, 4}, bytes.Repeat([]byte{5}, 3*34)
	f.Add("one", gguf.F32, one, 1)
	f.Add("two", gguf.Q8_0, two, 32, 3)
	f.Add("three", gguf.Type(23), []byte{9}, 256)
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, f.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []gguf.Tensor{
		{Name: "one", Type: gguf.F32, Dims: []int{1}, Data: one},
		{Name: "two", Type: gguf.Q8_0, Dims: []int{32, 3}, Data: two},
		{Name: "three", Type: gguf.Type(23), Dims: []int{256}},
	}
	if diff := cmp.Diff(want, file.Tensors); diff != "" {
		t.Errorf("tensors (-want +got):\n%s", diff)
	}
	if got, ok := file.Tensor("two"); !ok || got.Name != "two" {
		t.Errorf("Tensor(two) = %v, %t", got, ok)
	}
	if _, ok := file.Tensor("four"); ok {
		t.Error("a tensor that the file does not have was found")
	}
	if got := file.Tensors[2].Type.String(); got != "IQ4_XS" {
		t.Errorf("type 23 is %s, want IQ4_XS", got)
	}
	for range 2 { // closing twice is allowed
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMalformedFilesAreErrors(t *testing.T) {
	file := func(fill func(f *gguftest.File)) []byte {
		var f gguftest.File
		fill(&f)
		return f.Bytes()
	}
	whole := file(func(f *gguftest.File) { f.Add("t", gguf.F32, make([]byte, 40), 10) })
	dims := func(typ gguf.Type, dims ...int) []byte {
		return file(func(f *gguftest.File) { f.Add("t", typ, make([]byte, 40), dims...) })
	}
	moved := bytes.Clone(whole)
	le.PutUint64(moved[len(whole)-64-8:], 16) // the offset ends the table, which is 57 bytes long
	counts := le.AppendUint64(le.AppendUint64([]byte("GGUF\x03\x00\x00\x00"), 1<<60), 0)
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "unexpected EOF"},
		{"not GGUF", []byte("PK\x03\x04aaaaaaaaaaaaaaaaaaa"), "not well-formed"},
		{"version 1", []byte("GGUF\x01\x00\x00\x00"), "version 1 is not supported"},
		{"big-endian", append([]byte("GGUF\x00\x00\x00\x03"), make([]byte, 16)...), "big-endian files are not supported"},
		{"more tensors than bytes", counts, "unexpected EOF"},
		{"cut in the data", whole[:len(whole)-40], "lies at 0 to 40 of"},
		{"cut before the data", whole[:60], "unexpected EOF"},
		{"dimensions that overflow", dims(gguf.F32, math.MaxInt32, math.MaxInt32, math.MaxInt32), "has dimensions"},
		{"a dimension of zero", dims(gguf.F32, 0), "has dimensions"},
		{"five dimensions", dims(gguf.F32, 1, 1, 1, 1, 1), "has 5 dimensions"},
		{"rows of half a block", dims(gguf.Q8_0, 16, 2), "no multiple of 32"},
		{"two of one name", file(func(f *gguftest.File) {
			f.Add("t", gguf.F32, make([]byte, 4), 1)
			f.Add("t", gguf.F32, make([]byte, 4), 1)
		}), `two tensors are named "t"`},
		{"an alignment of 3", file(func(f *gguftest.File) { f.Set("general.alignment", uint32(3)) }), "an alignment of 3"},
		{"an alignment of text", file(func(f *gguftest.File) { f.Set("general.alignment", "x") }), "an alignment of x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := gguf.Parse(test.file); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Parse = %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestAFileThatIsNoFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.gguf")
	if err := os.WriteFile(empty, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{dir: "", empty: "unexpected EOF", filepath.Join(dir, "none"): "none"} {
		if f, err := gguf.Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%s) = %v, %v, want an error with %q", path, f, err, want)
		}
	}
}

func TestHalfPrecisionIsExact(t *testing.T) {
	for bits := range 1 << 16 {
		v := gguf.Float16(uint16(bits))
		if v != v {
			continue
		}
		if got := gguf.ToFloat16(v); got != uint16(bits) {
			t.Fatalf("%#04x is %v, which is rounded to %#04x", bits, v, got)
		}
	}
	for _, test := range []struct {
		v    float32
		want float32
	}{
		{1, 1}, {-2.5, -2.5}, {65504, 65504}, {65519, 65504}, {65520, float32(math.Inf(1))}, {0x1p-24, 0x1p-24},
		{0x1p-25, 0}, {0x1.8p-24, 0x1p-23}, {1 + 0x1p-11, 1}, {1 + 0x1.8p-10, 1 + 0x1p-9},
	} {
		if got := gguf.Float16(gguf.ToFloat16(test.v)); got != test.want {
			t.Errorf("%v is rounded to %v, want %v", test.v, got, test.want)
		}
	}
	if v := gguf.Float16(gguf.ToFloat16(float32(math.NaN()))); v == v {
		t.Errorf("NaN is rounded to %v", v)
	}
}

// The expected values are worked out by hand from the structures in ggml-common.h.
func TestBlocksAreDequantized(t *testing.T) {
	one := []byte{0x00, 0x3c} // 1 as a half
	two := []byte{0x00, 0x40}
	concat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	nibbles := bytes.Repeat([]byte{0x5a}, 128) // low 10, high 5
	// Scales 1..4 and minimums 5..8 for groups 0 to 3; for groups 4 to 7 the low bits of
	// scale and minimum are 1 and 2, and the high bits (of the first 8 bytes) are 3 and 2.
	packed := []byte{1 | 3<<6, 2 | 3<<6, 3 | 3<<6, 4 | 3<<6, 5 | 2<<6, 6 | 2<<6, 7 | 2<<6, 8 | 2<<6, 0x21, 0x21, 0x21, 0x21}
	for _, test := range []struct {
		typ   gguf.Type
		block []byte
		want  map[int]float32
	}{
		{gguf.F32, le.AppendUint32(nil, math.Float32bits(1.5)), map[int]float32{0: 1.5}},
		{gguf.F16, two, map[int]float32{0: 2}},
		{gguf.BF16, []byte{0x40, 0xc0}, map[int]float32{0: -3}},
		{gguf.Q8_0, concat(two, []byte{0x80, 1}, bytes.Repeat([]byte{0xff}, 30)), map[int]float32{0: -256, 1: 2, 31: -2}},
		{gguf.Q4_0, concat(two, nibbles[:16]), map[int]float32{0: 4, 15: 4, 16: -6, 31: -6}},
		{gguf.Q4_1, concat(two, one, nibbles[:16]), map[int]float32{0: 21, 16: 11}},
		{gguf.Q5_0, concat(two, []byte{1, 0, 1, 0}, nibbles[:16]), map[int]float32{0: 20, 1: -12, 16: 10, 17: -22}},
		{gguf.Q5_1, concat(two, one, []byte{1, 0, 1, 0}, nibbles[:16]), map[int]float32{0: 53, 1: 21, 16: 43, 17: 11}},
		{gguf.Q4K, concat(two, one, packed, nibbles), map[int]float32{0: 15, 31: 15, 32: 14, 96: 32, 128: 980 - 34, 160: 490 - 34}},
		{gguf.Q5K, concat(two, one, packed, bytes.Repeat([]byte{0x11}, 32), nibbles), map[int]float32{0: 47, 32: 14, 128: 49*52 - 34, 160: 490 - 34}},
		{gguf.Q6K, concat(nibbles, bytes.Repeat([]byte{0b11100100}, 64), []byte{1, 0xfe}, bytes.Repeat([]byte{1}, 14), two),
			map[int]float32{0: -44, 16: 88, 32: -12, 64: 10, 96: 42, 255: 42}},
	} {
		t.Run(test.typ.String(), func(t *testing.T) {
			values := make([]float32, test.typ.BlockValues())
			if err := test.typ.Dequantize(values, test.block); err != nil {
				t.Fatal(err)
			}
			for i, want := range test.want {
				if values[i] != want {
					t.Errorf("value %d is %v, want %v", i, values[i], want)
				}
			}
			if err := test.typ.Dequantize(values[:0], test.block); err == nil {
				t.Error("a block was dequantized to no values")
			}
		})
	}
	if err := gguf.Type(16).Dequantize(nil, nil); err == nil || !strings.Contains(err.Error(), "IQ2_XXS") {
		t.Errorf("dequantizing IQ2_XXS = %v, want an error that names it", err)
	}
}

func TestRandomTensorsHaveTheSizeAskedFor(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, typ := range gguf.Types() {
		values := make([]float32, 1<<14)
		if err := typ.Dequantize(values, gguftest.Random(rng, typ, len(values), 0.05)); err != nil {
			t.Fatal(err)
		}
		var sum, squares float64
		for _, v := range values {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		mean, deviation := sum/float64(len(values)), math.Sqrt(squares/float64(len(values)))
		if math.Abs(mean) > 0.01 || deviation < 0.03 || deviation > 0.08 {
			t.Errorf("%s: mean %.4f, deviation %.4f, want about 0 and 0.05", typ, mean, deviation)
		}
	}
}

func FuzzParse(f *testing.F) {
	var small gguftest.File
	small.Set("general.alignment", uint32(32))
	small.Set("list", []string{"a", "b"})
	small.Set("nested", [][]int32{{1}, {2}})
	for _, typ := range gguf.Types() {
		small.Add(typ.String(), typ, make([]byte, 2*typ.BlockBytes()), typ.BlockValues(), 2)
	}
	f.Add(small.Bytes())
	f.Add([]byte("GGUF\x00\x00\x00\x03"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse(data)
		if err != nil {
			return
		}
		for _, tensor := range file.Tensors {
			if !tensor.Type.Supported() {
				continue
			}
			values := make([]float32, len(tensor.Data)/tensor.Type.BlockBytes()*tensor.Type.BlockValues())
			if err := tensor.Type.Dequantize(values, tensor.Data); err != nil {
				t.Errorf("%s: %v", tensor.Name, err)
			}
		}
	})
}
