package gemini

import (
	"slices"

	"github.com/parley-llm/parley/llm"
)

// grounding are the search results of the server, and the segments of the answer that use them.
// https://ai.google.dev/api/generate-content#GroundingMetadata
type grounding struct {
	Chunks []struct {
		Web       *found `json:"web"`
		Maps      *found `json:"maps"`
		Retrieved *found `json:"retrievedContext"`
		Image     *struct {
			URI   string `json:"sourceUri"`
			Title string `json:"title"`
		} `json:"image"`
	} `json:"groundingChunks"`
	Supports []struct {
		Segment segment `json:"segment"`
		Chunks  []int   `json:"groundingChunkIndices"`
	} `json:"groundingSupports"`
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

// citations are sources that the answer quotes. The two services have different names for
// them.
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

// sources collects the sources of an answer until its end, because each chunk of a stream can
// repeat those of earlier chunks.
type sources struct {
	grounding grounding
	others    []llm.Source
	parts     []int // offset of each part in the answer's text, in bytes, if there are several
	text      int   // length of the answer's text, in bytes
}

// take adds the sources of a candidate.
func (s *sources) take(c *candidate) {
	if g := c.Grounding; g != nil {
		if len(g.Chunks) > 0 {
			s.grounding.Chunks = g.Chunks
		}
		if len(g.Supports) > 0 {
			s.grounding.Supports = g.Supports
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

// add adds a source. A source without URL and title is kept if it has a range, because it
// marks quoted text.
func (s *sources) add(source llm.Source) {
	if (source.URL != "" || source.Title != "" || source.End > source.Start) && !slices.Contains(s.others, source) {
		s.others = append(s.others, source)
	}
}

// list returns the sources. A search result is listed once for each segment that uses it, or
// once if no segment does. The other sources follow. A page that the server retrieved is
// omitted if it is also a search result.
func (s *sources) list() []llm.Source {
	var list []llm.Source
	cited := make([]bool, len(s.grounding.Chunks))
	for _, support := range s.grounding.Supports {
		for _, i := range support.Chunks {
			if i < 0 || i >= len(s.grounding.Chunks) {
				continue
			}
			source := s.found(i)
			switch n := support.Segment.Part; {
			case n == 0:
				source.Start, source.End = support.Segment.Start, support.Segment.End
			case n > 0 && n < len(s.parts):
				source.Start, source.End = s.parts[n]+support.Segment.Start, s.parts[n]+support.Segment.End
			} // otherwise the offset of its part is unknown
			list, cited[i] = append(list, source), true
		}
	}
	for i := range s.grounding.Chunks {
		if source := s.found(i); !cited[i] && source != (llm.Source{}) {
			list = append(list, source)
		}
	}
	found := len(list)
	for _, other := range s.others {
		isFound := func(f llm.Source) bool { return f.URL == other.URL }
		if other.Start == 0 && other.End == 0 && other.Title == "" && slices.ContainsFunc(list[:found], isFound) {
			continue
		}
		list = append(list, other)
	}
	return list
}

func (s *sources) found(i int) llm.Source {
	c := &s.grounding.Chunks[i]
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
