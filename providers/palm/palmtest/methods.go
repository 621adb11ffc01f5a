package palmtest

import "strings"

// question is the body of a request to any of the methods.
type question struct {
	settings
	Prompt     prompt   `json:"prompt"`
	Instances  []prompt `json:"instances"`
	Parameters settings `json:"parameters"`
}

type settings struct {
	Temperature *float64 `json:"temperature"`
	TopP        *float64 `json:"topP"`
	TopK        *int     `json:"topK"`
	Candidates  *int     `json:"candidateCount"`
}

// prompt is a conversation or a text to be completed.
type prompt struct {
	Text     string `json:"text"`
	Context  string `json:"context"`
	Examples []struct {
		Input  message `json:"input"`
		Output message `json:"output"`
	} `json:"examples"`
	Messages []message `json:"messages"`
	Prompt   string    `json:"prompt"` // the text in Vertex AI
}

type message struct {
	Author  string `json:"author,omitempty"`
	Content string `json:"content"`
}

// check returns the error that Google's server returned for invalid settings.
func (s *settings) check() *refusal {
	switch {
	case s.Temperature != nil && (*s.Temperature < 0 || *s.Temperature > 1):
		return invalid("temperature must be in the range [0.0, 1.0], not %v", *s.Temperature)
	case s.TopP != nil && (*s.TopP < 0 || *s.TopP > 1):
		return invalid("topP must be in the range [0.0, 1.0], not %v", *s.TopP)
	case s.TopK != nil && *s.TopK < 1:
		return invalid("topK must be positive, not %d", *s.TopK)
	case s.Candidates != nil && (*s.Candidates < 1 || *s.Candidates > 8):
		return invalid("candidateCount must be in the range [1, 8], not %d", *s.Candidates)
	}
	return nil
}

// check returns the error that Google's server returned for an invalid conversation.
func (p *prompt) check() *refusal {
	if len(p.Messages) == 0 {
		return invalid("prompt.messages must not be empty")
	}
	for i, m := range p.Messages {
		switch {
		case m.Content == "":
			return invalid("prompt.messages[%d].content must not be empty", i)
		case i > 0 && m.Author == p.Messages[i-1].Author, i > 1 && m.Author != p.Messages[i-2].Author:
			return invalid("prompt.messages must alternate between two authors; messages[%d] has the author %q", i, m.Author)
		}
	}
	return nil
}

// words returns the number of words in the prompt. The server counts words as tokens.
func (p *prompt) words() int {
	n := len(strings.Fields(p.Context)) + len(strings.Fields(p.Prompt)) + len(strings.Fields(p.Text))
	for _, e := range p.Examples {
		n += len(strings.Fields(e.Input.Content)) + len(strings.Fields(e.Output.Content))
	}
	for _, m := range p.Messages {
		n += len(strings.Fields(m.Content))
	}
	return n
}

// author returns the author of the answer.
func (p *prompt) author() string {
	if n := len(p.Messages); n > 1 {
		return p.Messages[n-2].Author
	}
	if p.Messages[0].Author == "1" {
		return "0"
	}
	return "1"
}

func (s *Server) generateMessage(q *question) (object, *refusal) {
	if err := q.settings.check(); err != nil {
		return nil, err
	}
	if err := q.Prompt.check(); err != nil {
		return nil, err
	}
	a, err := s.next()
	switch {
	case err != nil:
		return nil, err
	case a.Filter != "":
		return object{"messages": q.Prompt.Messages, "filters": []object{{"reason": a.Filter}}}, nil
	}
	return object{
		"candidates": []object{{"author": q.Prompt.author(), "content": a.Text, "citationMetadata": a.citations()}},
		"messages":   q.Prompt.Messages,
	}, nil
}

func (s *Server) generateText(q *question) (object, *refusal) {
	if err := q.settings.check(); err != nil {
		return nil, err
	}
	if q.Prompt.Text == "" {
		return nil, invalid("prompt.text must not be empty")
	}
	a, err := s.next()
	switch {
	case err != nil:
		return nil, err
	case a.Filter != "":
		return object{"filters": []object{{"reason": a.Filter}}}, nil
	}
	return object{"candidates": []object{{
		"output": a.Text, "citationMetadata": a.citations(),
		"safetyRatings": []object{{"category": "HARM_CATEGORY_TOXICITY", "probability": "NEGLIGIBLE"}},
	}}}, nil
}

func (a *Answer) citations() object {
	sources := []object{}
	for _, source := range a.Sources {
		sources = append(sources, object{"uri": source.URI, "startIndex": source.Start, "endIndex": source.End})
	}
	return object{"citationSources": sources}
}

// predict is Vertex AI's method for chats and texts.
func (s *Server) predict(q *question, text bool) (object, *refusal) {
	if err := q.Parameters.check(); err != nil {
		return nil, err
	}
	if len(q.Instances) != 1 {
		return nil, invalid("instances must have one element")
	}
	instance := &q.Instances[0]
	if !text {
		if err := instance.check(); err != nil {
			return nil, err
		}
	} else if instance.Prompt == "" {
		return nil, invalid("instances[0].prompt must not be empty")
	}
	a, err := s.next()
	if err != nil {
		return nil, err
	}
	if a.Filter != "" {
		a.Text = ""
	}
	safety := object{"blocked": a.Filter != "", "categories": []string{}, "scores": []float64{}}
	cited := []object{}
	for _, source := range a.Sources {
		cited = append(cited, object{"url": source.URI, "startIndex": source.Start, "endIndex": source.End})
	}
	prediction := object{"content": a.Text, "safetyAttributes": safety, "citationMetadata": object{"citations": cited}}
	if !text {
		prediction = object{
			"candidates":       []object{{"author": instance.author(), "content": a.Text}},
			"safetyAttributes": []object{safety}, "citationMetadata": []object{{"citations": cited}},
		}
	}
	count := func(n int) object { return object{"totalTokens": n, "totalBillableCharacters": 4 * n} }
	return object{
		"predictions": []object{prediction},
		"metadata": object{"tokenMetadata": object{
			"inputTokenCount": count(instance.words()), "outputTokenCount": count(len(strings.Fields(a.Text))),
		}},
	}, nil
}
