package conformance

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"time"
)

// goroutines is a group of goroutines: all that one goroutine has started, directly or
// indirectly. They are found by a profiler label, because goroutines inherit labels. Other
// goroutines of the process are not affected.
type goroutines struct{ label string }

const labelName = "llmtest"

// labelGoroutines creates a group for the goroutines that the calling goroutine starts from
// now on.
func labelGoroutines() *goroutines {
	g := new(goroutines)
	g.label = fmt.Sprintf("%p", g) // unique while the group is in use
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(labelName, g.label)))
	return g
}

// unlabel removes the calling goroutine from the group.
func (g *goroutines) unlabel() { pprof.SetGoroutineLabels(context.Background()) }

// wait waits until the group is empty, for at most the given time. Then it returns the stacks of
// the remaining goroutines. It polls, because the end of a goroutine cannot be observed.
func (g *goroutines) wait(atMost time.Duration) string {
	deadline := time.NewTimer(atMost)
	defer deadline.Stop()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		left := g.stacks()
		if left == "" {
			return ""
		}
		select {
		case <-again.C:
		case <-deadline.C:
			return left
		}
	}
}

// stacks returns the stacks of the goroutines in the group. In the text form of the profile,
// each stack is a paragraph with a line for its labels.
func (g *goroutines) stacks() string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return fmt.Sprintf("the goroutine profile cannot be read: %v", err)
	}
	mark := fmt.Sprintf("%q:%q", labelName, g.label)
	var found []string
	for stack := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(stack, "# labels: ") && strings.Contains(stack, mark) {
			found = append(found, stack)
		}
	}
	return strings.Join(found, "\n\n")
}
