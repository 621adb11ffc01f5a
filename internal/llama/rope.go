package llama

import (
	"math"
)

// ropeConfig describes the rotary position embedding: values of queries and keys are rotated
// in pairs, by an angle that is the position times a frequency of the pair.
type ropeConfig struct {
	dims     int // values of a head that are rotated
	base     float32
	neox     bool
	scale    float32 // of positions: 1 without scaling
	original int     // the context length before the model was extended

	// Settings of YaRN (https://arxiv.org/abs/2309.00071). mix is 0 for other kinds.
	mix                float32
	betaFast, betaSlow float32
	magnitude          float32 // a factor for the rotated values
}

// readRope reads the settings of all kinds of scaling: none, linear and yarn. The kinds
// "llama3" and "longrope" are frequency factors in tensors; see [Model.factors].
func readRope(r *reader, c *config) ropeConfig {
	rope := ropeConfig{
		dims:      r.number("rope.dimension_count", maxWidth, max(c.headWidth, 1)),
		base:      r.float("rope.freq_base", 10000),
		neox:      architectures[c.architecture].neox,
		scale:     1,
		original:  r.number("rope.scaling.original_context_length", maxContext, max(c.context, 1)),
		magnitude: r.float("rope.scaling.attn_factor", 1),
		betaFast:  r.float("rope.scaling.yarn_beta_fast", 32),
		betaSlow:  r.float("rope.scaling.yarn_beta_slow", 1),
	}
	if rope.dims > c.headWidth || rope.dims%2 != 0 {
		r.fail("rope of %d of %d values is not supported", rope.dims, c.headWidth)
	}
	factor := r.float("rope.scaling.factor", r.float("rope.scale_linear", 1))
	switch kind := r.text("rope.scaling.type"); kind {
	case "none":
	case "", "linear":
		rope.scale = 1 / factor
	case "yarn":
		rope.scale = 1 / factor
		rope.mix = r.float("rope.scaling.yarn_ext_factor", 1)
		rope.magnitude *= r.float("rope.scaling.yarn_attn_factor", 1)
		rope.magnitude *= 1 + 0.1*float32(math.Log(float64(factor)))
	case "longrope":
	default:
		r.fail("rope scaling of type %q is not supported", kind)
	}
	return rope
}

// angles writes the sine and cosine for each pair of values at a position. factors divide
// the frequencies; nil is all ones.
//
// The arithmetic is that of ggml in float32, because a different rounding of the angles
// changes logits visibly at large positions.
func (c *ropeConfig) angles(sin, cos []float32, position int, factors []float32) {
	step := float32(math.Pow(float64(c.base), -2/float64(c.dims)))
	theta := float32(position)
	low, high := c.ramp()
	for i := range c.dims / 2 {
		angle := theta
		if factors != nil {
			angle /= factors[i]
		}
		scaled := c.scale * angle
		if c.mix != 0 {
			t := (float32(i) - low) / max(0.001, high-low)
			mix := (1 - min(1, max(0, t))) * c.mix
			scaled = scaled*(1-mix) + angle*mix
		}
		s, k := math.Sincos(float64(scaled))
		sin[i], cos[i] = float32(s)*c.magnitude, float32(k)*c.magnitude
		theta *= step
	}
}

// ramp returns the pairs between which YaRN changes from extrapolation to interpolation.
func (c *ropeConfig) ramp() (low, high float32) {
	if c.mix == 0 {
		return 0, 0
	}
	at := func(rotations float32) float64 {
		return float64(c.dims) * math.Log(float64(c.original)/(float64(rotations)*2*math.Pi)) / (2 * math.Log(float64(c.base)))
	}
	return float32(max(0, math.Floor(at(c.betaFast)))), float32(min(float64(c.dims-1), math.Ceil(at(c.betaSlow))))
}

// rotate rotates one head.
func (c *ropeConfig) rotate(head, sin, cos []float32) {
	half := c.dims / 2
	sin, cos = sin[:half], cos[:half]
	if c.neox {
		a, b := head[:half], head[half:][:half]
		for i := range a {
			x, y := a[i], b[i]
			a[i], b[i] = x*cos[i]-y*sin[i], x*sin[i]+y*cos[i]
		}
		return
	}
	for i := range half {
		x, y := head[2*i], head[2*i+1]
		head[2*i], head[2*i+1] = x*cos[i]-y*sin[i], x*sin[i]+y*cos[i]
	}
}
