package provider

// keepBuffer is the largest buffer that is kept for the next answer, in bytes.
const keepBuffer = 64 << 10

// Reusable returns the buffer for another answer to use, and nil for one that a
// very long text has made too large to keep.
func Reusable(buf []byte) []byte {
	if cap(buf) > keepBuffer {
		return nil
	}
	return buf[:0]
}
