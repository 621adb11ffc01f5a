package openai

import (
	"slices"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// page is the address of a source, or an object with it.
type page = stream.TextOr[foundPage]

type foundPage struct {
	URL   string `json:"url"`
	Link  string `json:"link"` // Z.ai
	Title string `json:"title"`
}

// executedTool is a tool that the server ran.
// https://console.groq.com/docs/compound
type executedTool struct {
	SearchResults struct {
		Results []foundPage `json:"results"`
	} `json:"search_results"`
}

// source returns a page as a source.
func (p *foundPage) source() llm.Source {
	if p.URL == "" {
		return llm.Source{URL: p.Link, Title: p.Title}
	}
	return llm.Source{URL: p.URL, Title: p.Title}
}

// sources returns the sources of a chunk in the order of the citations, with their titles,
// and then the other ones.
func (c *chunk) sources() []llm.Source {
	var list []llm.Source
	for _, pages := range [...][]page{c.Citations, c.SearchResults, c.WebSearch} {
		for i := range pages {
			source := pages[i].Value.source()
			if pages[i].Text != "" {
				source.URL = pages[i].Text
			}
			known := slices.IndexFunc(list, func(s llm.Source) bool { return s.URL == source.URL })
			switch {
			case known < 0:
				list = append(list, source)
			case list[known].Title == "":
				list[known].Title = source.Title
			}
		}
	}
	return list
}

// addSource emits a source, unless it has been emitted before.
func (a *answer) addSource(source llm.Source) { a.sources.emit(&a.Answer, source) }

// sourceSet is the set of sources that have been emitted.
type sourceSet []llm.Source

// emit emits a source, unless it has been emitted before. A source without a range is
// emitted once for each address.
func (s *sourceSet) emit(a *provider.Answer, source llm.Source) {
	if source.URL == "" && source.Title == "" {
		return
	}
	for _, known := range *s {
		if known == source || source.End == 0 && source.URL != "" && known.URL == source.URL {
			return
		}
	}
	*s = append(*s, source)
	a.Emit(llm.Event{Type: llm.EventSource, Detail: &source})
}

// addCited emits the sources that a content cites. The text is that of the annotations.
func (a *answer) addCited(c *content, text string) {
	if len(text) != a.got.text {
		text = "" // a range in it could lie outside the answer's text
	}
	for i := range c.Annotations {
		a.addSource(c.Annotations[i].source(text))
	}
	for i := range c.ExecutedTools {
		results := c.ExecutedTools[i].SearchResults.Results
		for j := range results {
			a.addSource(results[j].source())
		}
	}
}

// annotation is a source in a message. Some servers put the members of the citation into the
// annotation itself, as in OpenAI's Responses API.
type annotation struct {
	Citation *citation `json:"url_citation"`

	URL   string `json:"url"`
	Title string `json:"title"`
	Start int    `json:"start_index"`
	End   int    `json:"end_index"`
}

// citation is a web page that the answer cites. Its range counts characters.
type citation struct {
	URL   string `json:"url"`
	Title string `json:"title"`
	Start int    `json:"start_index"`
	End   int    `json:"end_index"`
}

// source returns the annotation with its range in the text, in bytes. Without the text there
// is no range.
func (n *annotation) source(text string) llm.Source {
	c := n.Citation
	if c == nil {
		c = &citation{n.URL, n.Title, n.Start, n.End}
	}
	source := llm.Source{URL: c.URL, Title: c.Title}
	start, end, at := -1, -1, 0
	for i := range text + " " { // the last index is the text's length
		if at == c.Start {
			start = i
		}
		if at == c.End {
			end = i
		}
		at++
	}
	if start >= 0 && end > start {
		source.Start, source.End = start, end
	}
	return source
}
