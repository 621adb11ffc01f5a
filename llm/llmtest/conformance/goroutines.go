package conformance

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"time"
)

// goroutines is the group of goroutines that one goroutine has started, and
// those that they have, found by a profiler label, which goroutines inherit.
// Others that happen to run in the process do not matter.
type goroutines struct{ label string }

const labelName = "llmtest"

// labelGoroutines has the goroutines that the calling one starts from now on be
// members of a new group.
func labelGoroutines() *goroutines {
	g := new(goroutines)
	g.label = fmt.Sprintf("%p", g) // no other group has it while this one is in use
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(labelName, g.label)))
	return g
}

// unlabel takes the calling goroutine out of the group.
func (g *goroutines) unlabel() { pprof.SetGoroutineLabels(context.Background()) }

// wait waits until no member is left, or returns their stacks when the time is
// over. The end of a goroutine tells nobody, so it has to look again and again.
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

// stacks returns the stacks of the members. In the profile's text form, each
// stack is a paragraph, with its labels in a line of their own.
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
