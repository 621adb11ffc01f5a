package openai

import (
	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
)

// responsesEvent is an event of a stream of the Responses API, or a whole response. Only the
// type is required: real servers leave out any other member. To read one more member, add a
// field.
// https://platform.openai.com/docs/api-reference/responses-streaming
type responsesEvent struct {
	response               // a whole reply
	Type     string        `json:"type"`
	Sequence *int          `json:"sequence_number"`
	Of       *responseHead `json:"response"` // in events about the whole response

	OutputIndex  *int          `json:"output_index"`
	ContentIndex int           `json:"content_index"`
	SummaryIndex int           `json:"summary_index"`
	ItemID       stream.Scalar `json:"item_id"` // some servers change it in every event

	Item       *outputItem       `json:"item"`
	Part       *partHead         `json:"part"`
	Annotation *outputAnnotation `json:"annotation"`

	Delta     string             `json:"delta"`
	Text      string             `json:"text"`
	Refusal   string             `json:"refusal"`
	Arguments provider.Arguments `json:"arguments"`
	Input     string             `json:"input"` // of a custom tool
	Code      string             `json:"code"`  // of the code interpreter, or an error code
	Logprobs  []provider.Logprob `json:"logprobs"`
}

// The types of events that are not about a text. Events of other types are ignored: their
// content is in the item that is done later.
const (
	eventError      = "error"
	eventCreated    = "response.created"
	eventQueued     = "response.queued"
	eventInProgress = "response.in_progress"
	eventCompleted  = "response.completed"
	eventIncomplete = "response.incomplete"
	eventFailed     = "response.failed"
	eventCancelled  = "response.cancelled"
	eventItemAdded  = "response.output_item.added"
	eventItemDone   = "response.output_item.done"
	eventPartAdded  = "response.content_part.added"
	eventPartDone   = "response.content_part.done"
	eventAnnotation = "response.output_text.annotation.added"
)

// response is a whole answer.
type response struct {
	responseState
	Output []outputItem `json:"output" stream:"needed,elements"`
}

// responseHead is an answer in an event. At the end of a stream it repeats all items, which
// have been read before in most cases. So only their types are decoded.
type responseHead struct {
	responseState
	Output []struct {
		Type string        `json:"type"`
		ID   stream.Scalar `json:"id"`
	} `json:"output"`
	Source stream.Source `json:"-"`
}

// responseState has the members of an answer besides its output.
type responseState struct {
	provider.ErrorMember
	ID         stream.Scalar `json:"id"`
	Object     string        `json:"object"`
	Model      string        `json:"model"`
	Status     string        `json:"status"`
	Incomplete struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
	Usage *usage        `json:"usage"`
	Tier  stream.Scalar `json:"service_tier"`
}

var responseDecoder = stream.NewDecoder[response]()

// The statuses of a response.
const (
	statusQueued     = "queued"
	statusInProgress = "in_progress"
	statusCompleted  = "completed"
	statusIncomplete = "incomplete"
	statusFailed     = "failed"
	statusCancelled  = "cancelled"
)

// isResponse reports whether a JSON value without a type is a response.
func (r *responseState) isResponse() bool { return r.Object == "response" || r.Status != "" }

// finishReason returns the reason for the end of the answer as the server named it.
func (r *responseState) finishReason(event string) string {
	switch {
	case r.Incomplete.Reason != "":
		return r.Incomplete.Reason
	case r.Status != "":
		return r.Status
	case event == eventIncomplete:
		return statusIncomplete
	}
	return statusCompleted
}

// outputItem is an item of an answer: a message, reasoning, a call, or a tool of the server
// with its results.
type outputItem struct {
	Type      string                      `json:"type"`
	ID        stream.Scalar               `json:"id"`
	CallID    stream.Scalar               `json:"call_id"`
	Name      string                      `json:"name"`
	Status    string                      `json:"status"`
	Phase     string                      `json:"phase"` // of a message
	Arguments provider.Arguments          `json:"arguments"`
	Input     string                      `json:"input"`   // of a custom tool
	Content   stream.TextOr[[]outputPart] `json:"content"` // of a message or reasoning
	Summary   []outputPart                `json:"summary"` // of reasoning
	Encrypted string                      `json:"encrypted_content"`
	Code      string                      `json:"code"`    // of the code interpreter
	Outputs   []codeOutput                `json:"outputs"` // likewise, if they were asked for
	Result    string                      `json:"result"`  // an image in base64
	Format    string                      `json:"output_format"`
	Source    stream.Source               `json:"-"`
}

// The types of items that become parts. An item of another type becomes an [llm.Opaque].
const (
	itemMessage      = "message"
	itemReasoning    = "reasoning"
	itemFunctionCall = "function_call"
	itemCustomCall   = "custom_tool_call"
	itemCode         = "code_interpreter_call"
	itemImage        = "image_generation_call"
)

// outputPart is a part of a message or of reasoning.
type outputPart struct {
	Type        string             `json:"type"`
	Text        string             `json:"text"`
	Refusal     string             `json:"refusal"`
	Annotations []outputAnnotation `json:"annotations"`
	Logprobs    []provider.Logprob `json:"logprobs"`
}

// partHead is a part in an event. The text of most parts has been read before.
type partHead struct {
	Type   string        `json:"type"`
	Source stream.Source `json:"-"`
}

var partDecoder = stream.NewDecoder[outputPart]()

// The types of parts.
const (
	outputText      = "output_text"
	outputRefusal   = "refusal"
	outputReasoning = "reasoning_text"
	outputSummary   = "summary_text"
)

// outputAnnotation is a source that a text cites: a web page, or a file by its name.
type outputAnnotation struct {
	annotation
	FileName string `json:"filename"`
}

// codeOutput is an output of the code interpreter.
type codeOutput struct {
	Type string `json:"type"`
	Logs string `json:"logs"`
}

// failure returns the error in an event, or nil. The frame of the event is given.
func (e *responsesEvent) failure(frame []byte) []byte {
	switch {
	case e.Type == eventError, e.Failed() != nil, e.Type == eventFailed:
		return frame
	case e.Of != nil && httpcall.IsSet(e.Of.Error) && e.Of.Failed() != nil:
		return e.Of.Error
	case e.Type == "" && e.Status == statusFailed:
		return frame
	}
	return nil
}
