package tool

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/parley-llm/parley/llm"
)

type contextKey struct{}

// running is the call whose function has a context.
type running struct {
	call    llm.ToolCall
	number  int // in its answer
	history []llm.Message
}

// CallKey returns an idempotency key for the current call of a tool: a text that is the same
// if the same call of the same conversation runs again, also in another process. Without a
// call in ctx, it returns "".
func CallKey(ctx context.Context) string {
	r, ok := ctx.Value(contextKey{}).(*running)
	if !ok {
		return ""
	}
	sum := sha256.Sum256([]byte(llm.HistoryDigest(r.history) + "\n" + strconv.Itoa(r.number) + "\n" + r.call.ID + "\n" + r.call.Name + "\n" + r.call.Arguments))
	return hex.EncodeToString(sum[:])
}

// CurrentCall returns the call of the model that the function with this context answers, and
// false if there is none.
func CurrentCall(ctx context.Context) (llm.ToolCall, bool) {
	r, ok := ctx.Value(contextKey{}).(*running)
	if !ok {
		return llm.ToolCall{}, false
	}
	return r.call, true
}

// Sign returns a signature of a call that waits for approval. A program that sends the call
// to a browser sends the signature with it, and gets it back in [llm.Decision.Signature]. See
// [Loop.ApprovalSecret].
//
// Security: the signature shows that the program wrote the call. It can be used again in
// another conversation that has the same call: see [Loop.Claim].
func Sign(secret llm.Secret, call llm.ToolCall) string {
	mac := hmac.New(sha256.New, []byte(string(secret)))
	fmt.Fprintf(mac, "%q %q %q", call.ID, call.Name, call.Arguments)
	return hex.EncodeToString(mac.Sum(nil))
}
