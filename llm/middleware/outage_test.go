package middleware_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// An outage on a fake clock: 200 workers each send about one request per second, and the
// server fails for half a minute.
const (
	workers     = 200
	outageFrom  = 30 // seconds
	outageTo    = 60
	outageEnd   = 100
	outagePlot  = "../../docs/outage.svg"
	bucketSize  = 500
	costOfRetry = 14
)

// outage records the requests to a server during an outage.
type outage struct {
	mu       sync.Mutex
	begun    time.Time
	requests [outageEnd + 10]int // per second
	tries    map[string]int      // per question
	answered map[string]int
}

func (o *outage) Do(ctx context.Context, call *llm.Call) llm.Events {
	o.mu.Lock()
	second := int(time.Since(o.begun).Seconds())
	question := call.Request.Messages[0].Text()
	o.requests[second]++
	o.tries[question]++
	fails := second >= outageFrom && second < outageTo
	if !fails {
		o.answered[question]++
	}
	o.mu.Unlock()
	reply := llmtest.Text("Hello").Wait(200 * time.Millisecond)
	if fails {
		reply = failure(llm.Server).Wait(50 * time.Millisecond)
	}
	return llmtest.Always(reply).Do(ctx, call)
}

// suffer runs the workers through an outage with these retries.
func suffer(t *testing.T, retry *middleware.Retry) (o *outage, retries int) {
	synctest.Test(t, func(t *testing.T) {
		o = &outage{begun: time.Now(), tries: make(map[string]int), answered: make(map[string]int)}
		model := llmtest.Always(llmtest.Func(o.Do)).Model(use(t, retry))
		var working sync.WaitGroup
		for worker := range workers {
			working.Go(func() {
				for n := 0; time.Since(o.begun) < outageEnd*time.Second; n++ {
					time.Sleep(rand.N(1600 * time.Millisecond))
					stream(t.Context(), model, llm.Prompt(fmt.Sprintf("question %d of worker %d", n, worker)))
				}
			})
		}
		working.Wait()
	})
	for _, tries := range o.tries {
		retries += tries - 1
	}
	return o, retries
}

func TestOutageIsNotMadeWorse(t *testing.T) {
	with, retries := suffer(t, &middleware.Retry{Budget: middleware.RetryBudget{Tokens: bucketSize, Cost: costOfRetry}})
	without, unbounded := suffer(t, &middleware.Retry{Budget: middleware.RetryBudget{Tokens: 1e9, Cost: costOfRetry}})

	usual := slices.Max(with.requests[5:outageFrom])
	for second, n := range with.requests[outageTo:] {
		if n > usual*5/4 {
			t.Errorf("in second %d, after the outage, there are %d requests, and before it at most %d", outageTo+second, n, usual)
		}
	}
	// Answers in flight at the beginning add one token each, and the last retries may
	// succeed and return their cost.
	if most := (bucketSize+workers)/costOfRetry + 10; retries > most {
		t.Errorf("there were %d retries, want at most %d by the budget", retries, most)
	}
	if unbounded < 10*retries {
		t.Errorf("there were %d retries with the budget and %d without, so that the outage shows nothing", retries, unbounded)
	}
	for question, n := range with.answered {
		if n > 1 {
			t.Errorf("%s was answered %d times", question, n)
		}
	}
	t.Logf("%d retries with the budget, %d without; at most %d requests a second before the outage, %d and %d in it, %d and %d after it",
		retries, unbounded, usual, slices.Max(with.requests[outageFrom:outageTo]), slices.Max(without.requests[outageFrom:outageTo]),
		slices.Max(with.requests[outageTo:]), slices.Max(without.requests[outageTo:]))
	if *update {
		if err := os.WriteFile(outagePlot, []byte(plot(with, without)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// plot draws the requests per second.
func plot(with, without *outage) string {
	const width, height, left, bottom = 720, 300, 50, 40
	highest := float64(max(slices.Max(with.requests[:]), slices.Max(without.requests[:])))
	x := func(second int) float64 { return left + float64(second)/outageEnd*(width-left-10) }
	y := func(requests float64) float64 { return height - bottom - requests/highest*(height-bottom-30) }
	var b strings.Builder
	line := func(o *outage, colour string) {
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="1.5" points="`, colour)
		for second, n := range o.requests[:outageEnd] {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(second), y(float64(n)))
		}
		b.WriteString("\"/>\n")
	}
	label := func(at, y float64, anchor, colour, text string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", at, y, anchor, colour, text)
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<rect x="%.1f" y="30" width="%.1f" height="%.1f" fill="#eee"/>`+"\n", x(outageFrom), x(outageTo)-x(outageFrom), y(0)-30)
	label((x(outageFrom)+x(outageTo))/2, y(0)-10, "middle", "#666", "the server fails")
	for second := 0; second <= outageEnd; second += 10 {
		label(x(second), y(0)+18, "middle", "#000", fmt.Sprintf("%d s", second))
	}
	for n := 0.0; n <= highest; n += 100 {
		label(left-8, y(n)+4, "end", "#000", fmt.Sprint(n))
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ccc"/>`+"\n", left, y(n), width-10)
	}
	line(without, "#d55e00")
	line(with, "#0072b2")
	label(left, 18, "start", "#000", "requests a second of 200 workers,")
	label(left+220, 18, "start", "#0072b2", "with the retry budget")
	label(left+370, 18, "start", "#d55e00", "with retries and no budget")
	b.WriteString("</svg>\n")
	return b.String()
}
