package growthtest

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/internal/providertest"
)

// Operation is one operation of a provider, whose replies are checked.
type Operation struct {
	Name string
	// Wire is the type that a reply, or a frame of a stream, is decoded into.
	Wire reflect.Type
	// Reply is a valid reply or frame in JSON. Each checked reply is this one with one
	// member replaced. The string "TEXT" stands for a long text. Give lists whose elements
	// are read by their type, such as reasoning details, an element.
	Reply string
	// Frame returns the body for a frame. Nil means that the reply is one JSON value.
	Frame func(frame string) string
	// End follows the frames of a stream.
	End string
	// MediaType is the Content-Type of the reply.
	MediaType string
	// Call calls the operation. Its error does not matter.
	Call func(ctx context.Context, transport http.RoundTripper)
}

// SSE returns the event with the frame, for Operation.Frame.
func SSE(frame string) string { return "data: " + frame + "\n\n" }

// Line returns the line with the frame, for Operation.Frame.
func Line(frame string) string { return frame + "\n" }

// The limits. Four times the reply may take six times the processor time, and a reply may
// take 16 times its size and 1 MB of memory.
const (
	factor     = 4
	maxTimes   = 6
	maxPerByte = 16
	maxBase    = 1 << 20
)

// base returns the memory that a reply of any size may take. For the smaller replies it
// includes the fixed part of the limit of a list.
func base() int {
	if exhaustive() {
		return maxBase
	}
	return 2 * maxBase
}

// exhaustive reports whether all replies are checked, in a larger size.
func exhaustive() bool { return os.Getenv("PARLEY_EXHAUSTIVE") != "" }

// size returns the size of the smaller replies in bytes.
func size() int {
	if exhaustive() {
		return 64 << 10
	}
	return 32 << 10
}

// Check checks the replies of the operations. With PARLEY_EXHAUSTIVE set, as in the gate, the
// replies are twice as large, and the members of a struct that is in several places are
// checked in each place.
func Check(t *testing.T, operations ...Operation) {
	t.Helper()
	if testing.Short() || raceEnabled {
		t.Skip("the test measures time, and needs some seconds")
	}
	for _, op := range operations {
		t.Run(op.Name, func(t *testing.T) {
			vs := op.variants(t)
			if len(vs) == 0 {
				t.Fatal("the wire struct has no member")
			}
			checked := map[string]bool{}
			for _, v := range vs {
				if _, form, _ := strings.Cut(v.name, ": "); !exhaustive() && slices.Contains(rare, form) {
					continue
				}
				if body := op.body(v, 1<<10); !checked[body] { // a recursive type repeats itself
					checked[body] = true
					op.check(t, v)
				}
			}
			t.Logf("%d replies", len(checked))
		})
	}
}

// rare are the forms that are checked only in the gate.
var rare = []string{"escapes", "code points", "keys", "digits", "decimals", "nesting", "frames with a string", "frames with an object"}

// quick is the processor time per byte of a reply that needs no comparison with a smaller
// reply. It is several times that of the slowest linear reply.
const quick = 80 * time.Nanosecond

// tiny is the processor time per byte of a reply that is never too slow. A list that is longer
// than its limit is refused, and the error costs up to this much at once.
const tiny = 40 * time.Nanosecond

// check measures a reply of two sizes. Noise can only add time, so the least of several
// measurements counts.
func (op *Operation) check(t *testing.T, v variant) {
	large := op.body(v, factor*size())
	slow := op.time(t, large)
	noise := max(2*time.Millisecond, tiny*time.Duration(len(large)))
	if exhaustive() || slow > quick*time.Duration(len(large)) {
		small := op.body(v, size())
		fast := op.time(t, small)
		for range 12 {
			if slow <= maxTimes*fast || slow < noise {
				break
			}
			fast, slow = min(fast, op.time(t, small)), min(slow, op.time(t, large))
		}
		if slow > maxTimes*fast && slow >= noise {
			t.Errorf("%s: a reply of %d KB took %v, and one of %d KB %v, %.1f times as long", v, len(small)>>10, fast, len(large)>>10, slow,
				float64(slow)/float64(fast))
		}
	}
	if limit := uint64(maxPerByte*len(large) + base()); op.allocated(large) > limit {
		taken := op.peak(large)
		for range 3 {
			if taken > limit {
				taken = min(taken, op.peak(large))
			}
		}
		if taken > limit {
			t.Errorf("%s: a reply of %d KB took %d KB of memory, %.1f times as much", v, len(large)>>10, taken>>10, float64(taken)/float64(len(large)))
		}
	}
}

// time returns the processor time of a call without that of the garbage collector, which runs
// for large replies only.
func (op *Operation) time(t *testing.T, body string) time.Duration {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	return cputime.Of(t, func() { op.call(body) })
}

// call makes a call that is answered with the body.
func (op *Operation) call(body string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	op.Call(ctx, providertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			r.Body.Close()
		}
		resp := providertest.Respond(http.StatusOK, op.MediaType, strings.NewReader(body))
		resp.Request = r
		return resp, nil
	}))
}

// allocated returns the number of bytes that a call allocates. No call can use more.
func (op *Operation) allocated(body string) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	op.call(body)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// peak returns the largest amount of live memory during a call, in addition to the memory
// before.
func (op *Operation) peak(body string) uint64 {
	return Peak(func() { op.call(body) })
}

// body returns a reply of about n bytes.
func (op *Operation) body(v variant, n int) string {
	if op.Frame == nil {
		return v.reply(n)
	}
	if v.frames == nil {
		return op.Frame(v.reply(n)) + op.End
	}
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(op.Frame(v.frames(i)))
	}
	return b.String() + op.End
}

// raw returns the JSON of a value that encoding/json can encode.
func raw(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
