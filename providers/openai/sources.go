package openai

import (
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

// maxPages limits the sources of one list that are read.
const maxPages = 1000

// sources returns the sources of a chunk in the order of the citations, with their titles,
// and then the other ones.
func (c *chunk) sources() []llm.Source {
	var list []llm.Source
	places := map[string]int{} // in the list, by address
	for _, pages := range [...][]page{c.Citations, c.SearchResults, c.WebSearch} {
		for i := range pages[:min(len(pages), maxPages)] {
			source := pages[i].Value.source()
			if pages[i].Text != "" {
				source.URL = pages[i].Text
			}
			place, known := places[source.URL]
			switch {
			case !known:
				places[source.URL] = len(list)
				list = append(list, source)
			case list[place].Title == "":
				list[place].Title = source.Title
			}
		}
	}
	return list
}

// addSource emits a source, unless it has been emitted before.
func (a *answer) addSource(source llm.Source) { a.sources.emit(&a.Answer, source) }

// sourceSet is the set of sources that have been emitted.
type sourceSet struct{ provider.SeenSources }

// emit emits a source, unless it has been emitted before. A source without a range is
// emitted once for each address.
func (s *sourceSet) emit(a *provider.Answer, source llm.Source) {
	if source.URL == "" && source.Title == "" {
		return
	}
	if isNewPage := s.AddURL(source.URL); source.End == 0 && !isNewPage || !s.Add(source) {
		return
	}
	a.Emit(llm.Event{Type: llm.EventSource, Detail: &source})
}

// addCited emits the sources that a content cites. The text is that of the annotations.
func (a *answer) addCited(c *content, text string) {
	if len(text) != a.got.text {
		text = "" // a range in it could lie outside the answer's text
	}
	if len(c.Annotations) > 0 {
		characters := indexCharacters(text)
		for i := range c.Annotations {
			a.addSource(c.Annotations[i].source(&characters))
		}
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
func (n *annotation) source(text *characters) llm.Source {
	c := n.Citation
	if c == nil {
		c = &citation{n.URL, n.Title, n.Start, n.End}
	}
	source := llm.Source{URL: c.URL, Title: c.Title}
	if start, end := text.offset(c.Start), text.offset(c.End); start >= 0 && end > start {
		source.Start, source.End = start, end
	}
	return source
}

// characters is a text with the offsets of its characters.
type characters struct {
	text  string
	marks []int // the offset of every charactersPerMark-th character
	n     int   // number of characters
}

const charactersPerMark = 64

// indexCharacters walks the text once, so that each of many citations costs little.
func indexCharacters(text string) characters {
	c := characters{text: text}
	for i := range text {
		if c.n%charactersPerMark == 0 {
			c.marks = append(c.marks, i)
		}
		c.n++
	}
	return c
}

// offset returns the offset in bytes of the n-th character, or of the end of the text, or -1.
func (c *characters) offset(n int) int {
	switch {
	case n < 0 || n > c.n:
		return -1
	case n == c.n:
		return len(c.text)
	}
	at := c.marks[n/charactersPerMark]
	n %= charactersPerMark
	for i := range c.text[at:] {
		if n == 0 {
			return at + i
		}
		n--
	}
	return len(c.text)
}
