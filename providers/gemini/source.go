package gemini

import (
	"slices"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// grounding has the search results, and which pieces of the answer are based on them.
// https://ai.google.dev/api/generate-content#GroundingMetadata
type grounding struct {
	Chunks   []groundingChunk `json:"groundingChunks"`
	Supports []support        `json:"groundingSupports"`
}

// support says which chunks a segment of the text is based on.
type support struct {
	Segment segment `json:"segment"`
	Chunks  []int   `json:"groundingChunkIndices"`
}

// groundingChunk is one result of a search.
type groundingChunk struct {
	Web       *found `json:"web"`
	Maps      *found `json:"maps"`
	Retrieved *found `json:"retrievedContext"`
	Image     *struct {
		URI   string `json:"sourceUri"`
		Title string `json:"title"`
	} `json:"image"`
}

// source returns the result as a source; it is zero if the kind of chunk is unknown.
func (c *groundingChunk) source() llm.Source {
	for _, f := range []*found{c.Web, c.Maps, c.Retrieved} {
		if f != nil {
			return llm.Source{URL: f.URI, Title: f.Title}
		}
	}
	if c.Image != nil {
		return llm.Source{URL: c.Image.URI, Title: c.Image.Title}
	}
	return llm.Source{}
}

type found struct {
	URI   string `json:"uri"`
	Title string `json:"title"`
}

// segment is a range of the answer's text, in bytes of one of its parts.
type segment struct {
	Part  int `json:"partIndex"`
	Start int `json:"startIndex"`
	End   int `json:"endIndex"`
}

// citations are the sources that the answer quotes. Gemini and Vertex AI name them
// differently.
type citations struct {
	Gemini []citation `json:"citationSources"`
	Vertex []citation `json:"citations"`
}

type citation struct {
	Start int    `json:"startIndex"`
	End   int    `json:"endIndex"`
	URI   string `json:"uri"`
	Title string `json:"title"`
}

type urlContext struct {
	URLs []struct {
		URL    string `json:"retrievedUrl"`
		Status string `json:"urlRetrievalStatus"`
	} `json:"urlMetadata"`
}

// sources collects the sources of an answer until its end, because each chunk of a stream
// can repeat those of the chunks before it.
type sources struct {
	found    []llm.Source // by search
	supports []support
	others   []llm.Source
	seen     provider.SeenSources // others
	parts    []int                // where each part begins in the answer's text, in bytes, if there are several
	text     int                  // length of its text, in bytes
}

// take copies the sources of a candidate.
func (s *sources) take(c *candidate) {
	if g := c.Grounding; g != nil {
		if len(g.Chunks) > 0 {
			s.found = nil
			for i := range g.Chunks {
				s.found = append(s.found, g.Chunks[i].source())
			}
		}
		if len(g.Supports) > 0 {
			s.supports = slices.Clone(g.Supports)
			for i := range s.supports {
				s.supports[i].Chunks = slices.Clone(s.supports[i].Chunks)
			}
		}
	}
	if c.Citations != nil {
		for _, from := range slices.Concat(c.Citations.Gemini, c.Citations.Vertex) {
			s.add(llm.Source{URL: from.URI, Title: from.Title, Start: from.Start, End: from.End})
		}
	}
	if c.URLContext != nil {
		for _, u := range c.URLContext.URLs {
			if u.Status == "" || u.Status == "URL_RETRIEVAL_STATUS_SUCCESS" {
				s.add(llm.Source{URL: u.URL})
			}
		}
	}
}

// add adds a source. A source without a name is kept if it has a range: the range says which
// piece of the answer is a quotation.
func (s *sources) add(source llm.Source) {
	if (source.URL != "" || source.Title != "" || source.End > source.Start) && s.seen.Add(source) {
		s.others = append(s.others, source)
	}
}

// list returns the search results, and then the other sources. A search result is listed for
// each piece of the answer that is based on it, or once if there is none. A page that was
// both found and read at its address is listed only as a search result.
func (s *sources) list() []llm.Source {
	var list []llm.Source
	cited := make([]bool, len(s.found))
	for _, support := range s.supports {
		for _, i := range support.Chunks {
			if i < 0 || i >= len(s.found) {
				continue
			}
			source := s.found[i]
			switch n := support.Segment.Part; {
			case n == 0:
				source.Start, source.End = support.Segment.Start, support.Segment.End
			case n > 0 && n < len(s.parts):
				source.Start, source.End = s.parts[n]+support.Segment.Start, s.parts[n]+support.Segment.End
			} // otherwise the offset of its part is unknown
			list, cited[i] = append(list, source), true
		}
	}
	for i, source := range s.found {
		if !cited[i] && source != (llm.Source{}) {
			list = append(list, source)
		}
	}
	var found provider.SeenSources
	for i := range list {
		found.AddURL(list[i].URL)
	}
	for _, other := range s.others {
		if other.Start == 0 && other.End == 0 && other.Title == "" && found.HasURL(other.URL) {
			continue
		}
		list = append(list, other)
	}
	return s.inText(list)
}

// inText removes ranges that are not inside the answer's text.
func (s *sources) inText(list []llm.Source) []llm.Source {
	for i := range list {
		if source := &list[i]; source.Start < 0 || source.End > s.text || source.Start >= source.End {
			source.Start, source.End = 0, 0
		}
	}
	return list
}
